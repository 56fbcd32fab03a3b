//! The scenarios, one file per topic. Each is one check for every ordered pair over every transport.

mod lifecycle;
mod pair;
mod pipeline;
mod pubsub;
mod reqrep;
mod router;

use anyhow::Result;

use crate::stage::Stage;

/// One scenario.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// `family/topic`.
    pub(crate) name: &'static str,
    /// What passing it means to a user: a row of the capability table.
    pub(crate) capability: &'static str,
    /// Plays it; the stage checks the books afterwards.
    pub(crate) play: fn(&mut Stage) -> Result<()>,
}

/// All scenarios, in the order of every table.
pub(crate) const ALL: &[Scenario] = &[
    scenario("reqrep/echo", "REQ/REP: 0 bytes to 1 MiB, multipart", reqrep::echo),
    scenario("reqrep/reverse", "REQ/REP: REQ binds", reqrep::reverse),
    scenario("reqrep/dealer-rep", "DEALER to REP", reqrep::dealer_rep),
    scenario("reqrep/req-router", "REQ to ROUTER", reqrep::req_router),
    scenario("reqrep/late-bind", "REQ/REP: connect before bind", lifecycle::late_bind_reqrep),
    scenario("reqrep/return", "REQ/REP: a killed peer returns", lifecycle::return_reqrep),
    scenario("pubsub/prefixes", "PUB/SUB: overlapping, binary and removed prefixes", pubsub::prefixes),
    scenario("pubsub/reverse", "PUB/SUB: SUB binds", pubsub::reverse),
    scenario("pubsub/xpub-xsub", "XPUB/XSUB: subscriptions as messages", pubsub::xpub_xsub),
    scenario("pubsub/late-bind", "PUB/SUB: connect before bind", lifecycle::late_bind_pubsub),
    scenario("pubsub/return", "PUB/SUB: a killed peer returns", lifecycle::return_pubsub),
    scenario("pushpull/workers", "PUSH/PULL: three workers, exact shares", pipeline::workers),
    scenario("pushpull/reverse", "PUSH/PULL: PUSH binds, workers connect", pipeline::reverse),
    scenario("pushpull/late-bind", "PUSH/PULL: connect before bind", lifecycle::late_bind_pushpull),
    scenario("pushpull/return", "PUSH/PULL: a killed peer returns", lifecycle::return_pushpull),
    scenario("dealerrouter/named", "DEALER/ROUTER: identities by name", router::named),
    scenario("dealerrouter/generated", "DEALER/ROUTER: generated identities", router::generated),
    scenario(
        "dealerrouter/late-bind",
        "DEALER/ROUTER: connect before bind",
        lifecycle::late_bind_dealerrouter,
    ),
    scenario("dealerrouter/return", "DEALER/ROUTER: a killed peer returns", lifecycle::return_dealerrouter),
    scenario("pair/exchange", "PAIR: both ways", pair::exchange),
    scenario("pair/late-bind", "PAIR: connect before bind", lifecycle::late_bind_pair),
    scenario("pair/return", "PAIR: a killed peer returns", lifecycle::return_pair),
];

const fn scenario(
    name: &'static str,
    capability: &'static str,
    play: fn(&mut Stage) -> Result<()>,
) -> Scenario {
    Scenario { name, capability, play }
}
