//! The socket options: one row each, in the order of libzmq's numbers.

use crate::SocketType::{
    Client, Dealer, Peer, Pub, Pull, Push, Radio, Rep, Req, Router, Server, Stream, Sub, XPub, XSub,
};
use crate::option::{OptionRow, Range, Unit, ValueKind};

const MAX: i32 = i32::MAX;
const MIN: i32 = i32::MIN;
/// The longest value whose length fits one byte on the wire.
const SHORT: usize = 255;
/// A CURVE key: raw, as Z85 text, or as Z85 text with its closing zero.
const KEY: Range = Range::Lengths(&[32, 40, 41]);

table! {
    /// What can be asked of one socket. Each option is one row; its variant is libzmq's name in CamelCase.
    SocketOption: OptionRow;

    /// Bit mask of the I/O threads that may serve later connections; 0 lets the engine choose.
    Affinity = row!(4, "ZMQ_AFFINITY", "affinity").uint64(0);
    /// The name under which ROUTER peers know this socket; empty lets each peer invent one.
    RoutingId = row!(5, "ZMQ_ROUTING_ID", "routing_id").bytes(b"", Range::Length(1, SHORT)).aliases(&["IDENTITY"])
        .meant_for(&[Req, Rep, Dealer, Router]).java("Identity").implemented();
    // An XPUB accepts the next two in manual mode: it joins them when `XPUB_MANUAL` is implemented.
    /// Adds a topic prefix to receive; the empty prefix matches everything.
    Subscribe = row!(6, "ZMQ_SUBSCRIBE", "subscribe").bytes(b"", Range::Any).write_only().only(&[Sub]).live().implemented();
    /// Removes a topic prefix; one that was never added is not an error.
    Unsubscribe = row!(7, "ZMQ_UNSUBSCRIBE", "unsubscribe").bytes(b"", Range::Any).write_only().only(&[Sub]).live()
        .implemented();
    /// Highest data rate of pgm and norm multicast.
    Rate = row!(8, "ZMQ_RATE", "rate").int(100, 1, MAX).unit(Unit::KilobitsPerSecond);
    /// How long a pgm or norm receiver may be absent without losing data.
    RecoveryIvl = row!(9, "ZMQ_RECOVERY_IVL", "recovery_interval").int(10_000, 0, MAX).unit(Unit::Milliseconds);
    /// Size of the operating system's send buffer of each connection; −1 leaves it to the system.
    Sndbuf = row!(11, "ZMQ_SNDBUF", "send_buffer_size").int(-1, -1, MAX).unit(Unit::Bytes).implemented();
    /// Size of the operating system's receive buffer of each connection; −1 leaves it to the system.
    Rcvbuf = row!(12, "ZMQ_RCVBUF", "receive_buffer_size").int(-1, -1, MAX).unit(Unit::Bytes).implemented();
    /// Whether the frame received last has a successor in its message; for the frame-by-frame C interface.
    Rcvmore = row!(13, "ZMQ_RCVMORE", "receive_more").switch(false).read_only();
    /// A descriptor that becomes readable when `EVENTS` may have changed; read `EVENTS` after each wake-up.
    Fd = row!(14, "ZMQ_FD", "fd").kind(ValueKind::Fd).read_only().java("FD").implemented();
    /// What the socket is ready for now: 1 to receive, 2 to send, 3 for both.
    Events = row!(15, "ZMQ_EVENTS", "events").read_only().implemented();
    /// The number of the socket's type.
    Type = row!(16, "ZMQ_TYPE", "type").read_only().implemented();
    /// How long unsent messages may outlive the socket; −1 is for ever, 0 drops them. SUB, XSUB and DISH start with 0.
    Linger = row!(17, "ZMQ_LINGER", "linger").int(-1, -1, MAX).at_close().unit(Unit::Milliseconds).implemented();
    /// First delay before a lost connection is tried again; −1 and 0 switch reconnecting off.
    ReconnectIvl = row!(18, "ZMQ_RECONNECT_IVL", "reconnect_interval").int(100, -1, MAX).unit(Unit::Milliseconds)
        .java("ReconnectIVL").implemented();
    /// How many accepted connections may wait for a binding socket.
    Backlog = row!(19, "ZMQ_BACKLOG", "backlog").int(100, 0, MAX).implemented();
    /// Longest delay between attempts to reconnect, which then doubles each time; 0 keeps the first delay.
    ReconnectIvlMax = row!(21, "ZMQ_RECONNECT_IVL_MAX", "reconnect_max_interval").int(0, 0, MAX)
        .unit(Unit::Milliseconds).java("ReconnectIVLMax").implemented();
    /// Longest message accepted from a peer, all its frames together; a longer one ends the connection. −1 means no limit.
    Maxmsgsize = row!(22, "ZMQ_MAXMSGSIZE", "max_message_size").int64(-1).unit(Unit::Bytes).java("MaxMsgSize")
        .implemented();
    /// Messages that may wait for each peer before sending blocks or drops; 0 means no limit.
    Sndhwm = row!(23, "ZMQ_SNDHWM", "send_high_water_mark").int(1000, 0, MAX).live().unit(Unit::Messages)
        .java("SndHWM").implemented();
    /// Messages from each peer that may wait for the application; 0 means no limit.
    Rcvhwm = row!(24, "ZMQ_RCVHWM", "receive_high_water_mark").int(1000, 0, MAX).live().unit(Unit::Messages)
        .java("RcvHWM").implemented();
    /// How many routers a multicast datagram may cross.
    MulticastHops = row!(25, "ZMQ_MULTICAST_HOPS", "multicast_hops").int(1, 1, MAX).unit(Unit::Hops);
    /// How long a receive call waits before it fails with `EAGAIN`; −1 is for ever, 0 does not wait.
    Rcvtimeo = row!(27, "ZMQ_RCVTIMEO", "receive_timeout").int(-1, -1, MAX).live().unit(Unit::Milliseconds)
        .java("ReceiveTimeOut").implemented();
    /// How long a send call waits before it fails with `EAGAIN`; −1 is for ever, 0 does not wait.
    Sndtimeo = row!(28, "ZMQ_SNDTIMEO", "send_timeout").int(-1, -1, MAX).live().unit(Unit::Milliseconds)
        .java("SendTimeOut").implemented();
    /// The opposite of `IPV6`.
    Ipv4only = row!(31, "ZMQ_IPV4ONLY", "ipv4_only").switch(true).deprecated().java("IPv4Only");
    /// The endpoint bound or connected last, wildcards resolved.
    LastEndpoint = row!(32, "ZMQ_LAST_ENDPOINT", "last_endpoint").text(Range::Any).read_only().implemented();
    /// Makes sending to an unknown peer fail with `EHOSTUNREACH` and to a full one block, instead of dropping the message.
    RouterMandatory = row!(33, "ZMQ_ROUTER_MANDATORY", "router_mandatory").loose_switch(false, 0).write_only()
        .only(&[Router]).live().aliases(&["ROUTER_BEHAVIOR", "FAIL_UNROUTABLE"]).node("mandatory").implemented();
    /// TCP keep-alive: 1 on, 0 off, −1 as the system has it.
    TcpKeepalive = row!(34, "ZMQ_TCP_KEEPALIVE", "tcp_keepalive").int(-1, -1, 1).java("TCPKeepAlive").implemented();
    /// Unanswered keep-alive probes after which the system drops a TCP connection; −1 as the system has it.
    TcpKeepaliveCnt = row!(35, "ZMQ_TCP_KEEPALIVE_CNT", "tcp_keepalive_count").int(-1, -1, MAX)
        .java("TCPKeepAliveCount").implemented();
    /// Idle time before the first TCP keep-alive probe; −1 as the system has it.
    TcpKeepaliveIdle = row!(36, "ZMQ_TCP_KEEPALIVE_IDLE", "tcp_keepalive_idle").int(-1, -1, MAX).unit(Unit::Seconds)
        .java("TCPKeepAliveIdle").implemented();
    /// Time between TCP keep-alive probes; −1 as the system has it.
    TcpKeepaliveIntvl = row!(37, "ZMQ_TCP_KEEPALIVE_INTVL", "tcp_keepalive_interval").int(-1, -1, MAX)
        .unit(Unit::Seconds).java("TCPKeepAliveInterval").implemented();
    /// Adds an address range (CIDR text) from which TCP connections are accepted; empty clears the list.
    TcpAcceptFilter = row!(38, "ZMQ_TCP_ACCEPT_FILTER", "tcp_accept_filter").text(Range::Length(0, SHORT)).write_only()
        .deprecated();
    /// Queues messages for completed connections only, so that none waits for a peer that is not there.
    Immediate = row!(39, "ZMQ_IMMEDIATE", "immediate").switch(false).aliases(&["DELAY_ATTACH_ON_CONNECT"]).implemented();
    /// Hands every subscription of a peer to the application, repeated ones included.
    XpubVerbose = row!(40, "ZMQ_XPUB_VERBOSE", "xpub_verbose").loose_switch(false, 0).write_only().only(&[XPub]).live()
        .node("verbose").implemented();
    /// Turns a ROUTER into a raw TCP socket; STREAM replaces it.
    RouterRaw = row!(41, "ZMQ_ROUTER_RAW", "router_raw").loose_switch(false, 0).write_only().only(&[Router])
        .deprecated().node("raw");
    /// Lets the socket use IPv6 as well as IPv4; starts with the context's setting.
    Ipv6 = row!(42, "ZMQ_IPV6", "ipv6").switch(false).java("IPv6").implemented();
    /// The security mechanism in force: 0 NULL, 1 PLAIN, 2 CURVE, 3 GSSAPI.
    Mechanism = row!(43, "ZMQ_MECHANISM", "mechanism").int(0, 0, 3).read_only().node("securityMechanism").implemented();
    /// Makes the socket the server of PLAIN handshakes.
    PlainServer = row!(44, "ZMQ_PLAIN_SERVER", "plain_server").switch(false);
    /// The user name for PLAIN servers; empty returns to the NULL mechanism.
    PlainUsername = row!(45, "ZMQ_PLAIN_USERNAME", "plain_username").text(Range::Length(0, SHORT));
    /// The password for PLAIN servers; empty returns to the NULL mechanism.
    PlainPassword = row!(46, "ZMQ_PLAIN_PASSWORD", "plain_password").text(Range::Length(0, SHORT));
    /// Makes the socket the server of CURVE handshakes.
    CurveServer = row!(47, "ZMQ_CURVE_SERVER", "curve_server").switch(false);
    /// The socket's own long-term public key: 32 bytes or 40 characters of Z85.
    CurvePublickey = row!(48, "ZMQ_CURVE_PUBLICKEY", "curve_public_key").bytes(&[0; 32], KEY);
    /// The socket's own long-term secret key: 32 bytes or 40 characters of Z85.
    CurveSecretkey = row!(49, "ZMQ_CURVE_SECRETKEY", "curve_secret_key").bytes(&[0; 32], KEY);
    /// The public key a CURVE client expects of its server: 32 bytes or 40 characters of Z85.
    CurveServerkey = row!(50, "ZMQ_CURVE_SERVERKEY", "curve_server_key").bytes(&[0; 32], KEY);
    /// Sends an empty message over each new connection, so that a ROUTER learns of this socket at once.
    ProbeRouter = row!(51, "ZMQ_PROBE_ROUTER", "probe_router").loose_switch(false, 0).write_only()
        .only(&[Req, Dealer, Router]).implemented();
    /// Numbers each request and ignores replies that carry another number.
    ReqCorrelate = row!(52, "ZMQ_REQ_CORRELATE", "req_correlate").loose_switch(false, 0).write_only().only(&[Req])
        .live().node("correlate").implemented();
    /// Allows a new request before the reply to the last one came; that reply is then ignored.
    ReqRelaxed = row!(53, "ZMQ_REQ_RELAXED", "req_relaxed").loose_switch(false, 0).write_only().only(&[Req]).live()
        .node("relaxed").implemented();
    /// Keeps only the newest message of each connection; single-frame messages only, to be set before bind or connect.
    Conflate = row!(54, "ZMQ_CONFLATE", "conflate").switch(false).meant_for(&[Pub, Sub, Dealer, Pull, Push]);
    /// The security domain told to the authentication handler; cannot be emptied again.
    ZapDomain = row!(55, "ZMQ_ZAP_DOMAIN", "zap_domain").text(Range::Length(1, SHORT));
    /// Lets a new connection take over a routing id in use; the older connection is closed.
    RouterHandover = row!(56, "ZMQ_ROUTER_HANDOVER", "router_handover").loose_switch(false, 0).write_only()
        .only(&[Router]).live().node("handover").implemented();
    /// The type-of-service byte of outgoing packets (IPv6: traffic class).
    Tos = row!(57, "ZMQ_TOS", "type_of_service").int(0, 0, MAX).java("Tos").implemented();
    /// Adds a process id from which ipc connections are accepted (Linux).
    IpcFilterPid = row!(58, "ZMQ_IPC_FILTER_PID", "ipc_filter_pid").int(0, MIN, MAX).write_only().deprecated();
    /// Adds a user id from which ipc connections are accepted.
    IpcFilterUid = row!(59, "ZMQ_IPC_FILTER_UID", "ipc_filter_uid").int(0, MIN, MAX).write_only().deprecated();
    /// Adds a group id from which ipc connections are accepted; supplementary groups count.
    IpcFilterGid = row!(60, "ZMQ_IPC_FILTER_GID", "ipc_filter_gid").int(0, MIN, MAX).write_only().deprecated();
    /// The routing id given to the peer of the next connect, whatever that peer says; used once.
    ConnectRoutingId = row!(61, "ZMQ_CONNECT_ROUTING_ID", "connect_routing_id").bytes(b"", Range::Length(1, SHORT))
        .write_only().only(&[Router, Stream]).aliases(&["CONNECT_RID"]).java("ConnectRid").implemented();
    /// Makes the socket the server of GSSAPI handshakes.
    GssapiServer = row!(62, "ZMQ_GSSAPI_SERVER", "gssapi_server").switch(false);
    /// The socket's own GSSAPI principal.
    GssapiPrincipal = row!(63, "ZMQ_GSSAPI_PRINCIPAL", "gssapi_principal").text(Range::Length(1, SHORT));
    /// The GSSAPI principal a client expects of its server.
    GssapiServicePrincipal = row!(64, "ZMQ_GSSAPI_SERVICE_PRINCIPAL", "gssapi_service_principal")
        .text(Range::Length(1, SHORT));
    /// Leaves GSSAPI connections unencrypted after the handshake.
    GssapiPlaintext = row!(65, "ZMQ_GSSAPI_PLAINTEXT", "gssapi_plain_text").switch(false);
    /// How long a peer may take to complete the handshake; 0 means no limit.
    HandshakeIvl = row!(66, "ZMQ_HANDSHAKE_IVL", "handshake_interval").int(30_000, 0, MAX).unit(Unit::Milliseconds)
        .java("HandshakeIvl").implemented();
    /// The SOCKS5 proxy (host:port) for TCP connects; empty means none.
    SocksProxy = row!(68, "ZMQ_SOCKS_PROXY", "socks_proxy").text(Range::Any);
    /// Makes sending wait, or fail with `EAGAIN`, when a subscriber is full, instead of dropping its copy.
    XpubNodrop = row!(69, "ZMQ_XPUB_NODROP", "xpub_no_drop").loose_switch(false, 0).write_only()
        .only(&[Pub, XPub, Radio]).live().node("noDrop").implemented();
    /// Leaves it to the application to subscribe its peers.
    XpubManual = row!(71, "ZMQ_XPUB_MANUAL", "xpub_manual").loose_switch(false, 0).write_only().only(&[XPub]).live()
        .node("manual");
    /// A message sent to each new subscriber; empty means none.
    XpubWelcomeMsg = row!(72, "ZMQ_XPUB_WELCOME_MSG", "xpub_welcome_message").bytes(b"", Range::Any).write_only()
        .only(&[XPub]).node("welcomeMessage");
    /// Reports each connect and disconnect of a raw peer as an empty message.
    StreamNotify = row!(73, "ZMQ_STREAM_NOTIFY", "stream_notify").switch(true).write_only().only(&[Stream])
        .node("notify");
    /// Delivers the messages that match no subscription; to be set on both sides.
    InvertMatching = row!(74, "ZMQ_INVERT_MATCHING", "invert_matching").loose_switch(false, MIN).live()
        .meant_for(&[Pub, XPub, Sub]);
    /// Time between heartbeats sent to each peer; 0 sends none.
    HeartbeatIvl = row!(75, "ZMQ_HEARTBEAT_IVL", "heartbeat_interval").int(0, 0, MAX).unit(Unit::Milliseconds)
        .java("HeartbeatIvl").implemented();
    /// How long a peer should wait for traffic from this socket before it gives up; tenths of a second, shorter is 0.
    HeartbeatTtl = row!(76, "ZMQ_HEARTBEAT_TTL", "heartbeat_time_to_live").int(0, 0, 6_553_599)
        .unit(Unit::Milliseconds).java("HeartbeatTtl").implemented();
    /// How long to wait for traffic after a heartbeat before the connection is dropped; unset, the heartbeat interval.
    HeartbeatTimeout = row!(77, "ZMQ_HEARTBEAT_TIMEOUT", "heartbeat_timeout").int(-1, 0, MAX).unit(Unit::Milliseconds)
        .implemented();
    /// Hands every subscription and every cancellation of a peer to the application, repeated ones included.
    XpubVerboser = row!(78, "ZMQ_XPUB_VERBOSER", "xpub_verboser").loose_switch(false, 0).write_only().only(&[XPub])
        .live().node("verboser").implemented();
    /// How long one attempt to connect may take; 0 leaves it to the system.
    ConnectTimeout = row!(79, "ZMQ_CONNECT_TIMEOUT", "connect_timeout").int(0, 0, MAX).unit(Unit::Milliseconds)
        .implemented();
    /// How long sent TCP data may stay unacknowledged before the system drops the connection; 0 leaves it to the system.
    TcpMaxrt = row!(80, "ZMQ_TCP_MAXRT", "tcp_max_retransmit_timeout").int(0, 0, MAX).unit(Unit::Milliseconds);
    /// Whether the socket may be used from several threads at once; here always.
    ThreadSafe = row!(81, "ZMQ_THREAD_SAFE", "thread_safe").switch(true).read_only().implemented();
    /// Largest datagram of pgm and norm multicast.
    MulticastMaxtpdu = row!(84, "ZMQ_MULTICAST_MAXTPDU", "multicast_max_transport_data_unit").int(1500, 1, MAX)
        .unit(Unit::Bytes);
    /// Initial buffer size of vmci connections.
    VmciBufferSize = row!(85, "ZMQ_VMCI_BUFFER_SIZE", "vmci_buffer_size").uint64(0).write_only().unit(Unit::Bytes);
    /// Smallest buffer size of vmci connections.
    VmciBufferMinSize = row!(86, "ZMQ_VMCI_BUFFER_MIN_SIZE", "vmci_buffer_min_size").uint64(0).write_only()
        .unit(Unit::Bytes);
    /// Largest buffer size of vmci connections.
    VmciBufferMaxSize = row!(87, "ZMQ_VMCI_BUFFER_MAX_SIZE", "vmci_buffer_max_size").uint64(0).write_only()
        .unit(Unit::Bytes);
    /// How long one attempt to connect over vmci may take; −1 leaves it to the system.
    VmciConnectTimeout = row!(88, "ZMQ_VMCI_CONNECT_TIMEOUT", "vmci_connect_timeout").int(-1, MIN, MAX).write_only()
        .unit(Unit::Milliseconds);
    /// A listening descriptor, made by somebody else, for the next bind to adopt; −1 means none.
    UseFd = row!(89, "ZMQ_USE_FD", "use_fd").int(-1, -1, MAX);
    /// How `GSSAPI_PRINCIPAL` is written: 0 host-based, 1 user name, 2 Kerberos principal.
    GssapiPrincipalNametype = row!(90, "ZMQ_GSSAPI_PRINCIPAL_NAMETYPE", "gssapi_principal_name_type").int(0, 0, 2);
    /// How `GSSAPI_SERVICE_PRINCIPAL` is written: 0 host-based, 1 user name, 2 Kerberos principal.
    GssapiServicePrincipalNametype =
        row!(91, "ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE", "gssapi_service_principal_name_type").int(0, 0, 2);
    /// The network interface to which sockets are tied (Linux); empty means any.
    Bindtodevice = row!(92, "ZMQ_BINDTODEVICE", "bind_to_device").text(Range::Length(0, 16)).node("interface");
    /// Refuses connections when no authentication handler answers for the security domain.
    ZapEnforceDomain = row!(93, "ZMQ_ZAP_ENFORCE_DOMAIN", "zap_enforce_domain").loose_switch(false, MIN).draft();
    /// Uses the fast loopback path of Windows for TCP.
    LoopbackFastpath = row!(94, "ZMQ_LOOPBACK_FASTPATH", "loopback_fast_path").loose_switch(false, MIN).draft();
    /// Adds an `X-name:value` property to the handshake; may be set repeatedly.
    Metadata = row!(95, "ZMQ_METADATA", "metadata").text(Range::Any).write_only().draft();
    /// Lets multicast datagrams reach receivers on the sending machine.
    MulticastLoop = row!(96, "ZMQ_MULTICAST_LOOP", "multicast_loop").loose_switch(true, MIN).draft();
    /// Reports peers as empty messages: 1 when they connect, 2 when they disconnect, 3 both.
    RouterNotify = row!(97, "ZMQ_ROUTER_NOTIFY", "router_notify").int(0, 0, 3).only(&[Router]).draft().node("notify");
    /// Like `XPUB_MANUAL`, but each message goes only to the peer whose subscription was read last.
    XpubManualLastValue = row!(98, "ZMQ_XPUB_MANUAL_LAST_VALUE", "xpub_manual_last_value").loose_switch(false, 0)
        .write_only().only(&[XPub]).live().draft().node("manualLastValue");
    /// The user name for the SOCKS5 proxy; empty means none is asked for.
    SocksUsername = row!(99, "ZMQ_SOCKS_USERNAME", "socks_username").text(Range::Length(0, SHORT)).draft();
    /// The password for the SOCKS5 proxy.
    SocksPassword = row!(100, "ZMQ_SOCKS_PASSWORD", "socks_password").text(Range::Length(0, SHORT)).draft();
    /// How much is read from a connection at a time.
    InBatchSize = row!(101, "ZMQ_IN_BATCH_SIZE", "in_batch_size").int(8192, 1, MAX).unit(Unit::Bytes).draft();
    /// How much is gathered for a connection before it is written.
    OutBatchSize = row!(102, "ZMQ_OUT_BATCH_SIZE", "out_batch_size").int(8192, 1, MAX).unit(Unit::Bytes).draft();
    /// The private key of a wss server, in PEM form.
    WssKeyPem = row!(103, "ZMQ_WSS_KEY_PEM", "wss_key_pem").bytes(b"", Range::Any).write_only().draft();
    /// The certificate of a wss server, in PEM form.
    WssCertPem = row!(104, "ZMQ_WSS_CERT_PEM", "wss_cert_pem").bytes(b"", Range::Any).write_only().draft();
    /// The certificates a wss client trusts, in PEM form.
    WssTrustPem = row!(105, "ZMQ_WSS_TRUST_PEM", "wss_trust_pem").bytes(b"", Range::Any).write_only().draft();
    /// The name a wss client expects in its server's certificate.
    WssHostname = row!(106, "ZMQ_WSS_HOSTNAME", "wss_hostname").bytes(b"", Range::Any).write_only().draft();
    /// Lets a wss client trust the system's certificates.
    WssTrustSystem = row!(107, "ZMQ_WSS_TRUST_SYSTEM", "wss_trust_system").switch(false).write_only().draft();
    /// Takes only the first frame of a message for a subscription.
    OnlyFirstSubscribe = row!(108, "ZMQ_ONLY_FIRST_SUBSCRIBE", "only_first_subscribe").loose_switch(false, 0)
        .write_only().only(&[XPub, XSub]).live().draft();
    /// Gives up reconnecting after: 1 a refused connect, 2 a failed handshake, 4 a disconnect by the application; a sum of these.
    ReconnectStop = row!(109, "ZMQ_RECONNECT_STOP", "reconnect_stop").int(0, MIN, MAX).draft();
    /// A message sent first over each new connection; empty means none.
    HelloMsg = row!(110, "ZMQ_HELLO_MSG", "hello_message").bytes(b"", Range::Any).write_only()
        .meant_for(&[Req, Rep, Dealer, Router, Server, Client, Peer]).draft().java("HelloMsg");
    /// A message the application receives when a peer disconnects; empty means none.
    DisconnectMsg = row!(111, "ZMQ_DISCONNECT_MSG", "disconnect_message").bytes(b"", Range::Any).write_only()
        .meant_for(&[Rep, Router, Server, Peer]).draft().java("DisconnectMsg");
    /// The priority of outgoing packets (Linux).
    Priority = row!(112, "ZMQ_PRIORITY", "priority").int(0, 0, MAX).draft();
    /// How long the kernel polls a socket's device before it waits (Linux), in microseconds.
    BusyPoll = row!(113, "ZMQ_BUSY_POLL", "busy_poll").int(0, MIN, MAX).draft();
    /// A message the application receives when a connection was lost and made again; empty means none.
    HiccupMsg = row!(114, "ZMQ_HICCUP_MSG", "hiccup_message").bytes(b"", Range::Any).write_only()
        .meant_for(&[Req, Dealer, Client, Peer]).draft().java("HiccupMsg");
    /// Sends every cancellation upstream, not only the last one of a topic.
    XsubVerboseUnsubscribe = row!(115, "ZMQ_XSUB_VERBOSE_UNSUBSCRIBE", "xsub_verbose_unsubscribe")
        .loose_switch(false, MIN).write_only().only(&[XSub]).live().draft().node("verboseUnsubscribe");
    /// How many distinct topics are subscribed on this socket or by its peers.
    TopicsCount = row!(116, "ZMQ_TOPICS_COUNT", "topics_count").int(0, 0, MAX).read_only()
        .only(&[Pub, Sub, XPub, XSub]).draft().implemented();
    /// Congestion control of norm multicast, 0 to 4.
    NormMode = row!(117, "ZMQ_NORM_MODE", "norm_mode").int(1, 0, 4).draft();
    /// Sends the negative acknowledgements of norm to the sender alone.
    NormUnicastNack = row!(118, "ZMQ_NORM_UNICAST_NACK", "norm_unicast_nack").switch(false).draft();
    /// Buffer size of norm.
    NormBufferSize = row!(119, "ZMQ_NORM_BUFFER_SIZE", "norm_buffer_size").int(2048, 1, MAX).unit(Unit::Kilobytes)
        .draft();
    /// Payload of one norm packet.
    NormSegmentSize = row!(120, "ZMQ_NORM_SEGMENT_SIZE", "norm_segment_size").int(1400, 1, MAX).unit(Unit::Bytes)
        .draft();
    /// Data segments in one norm coding block.
    NormBlockSize = row!(121, "ZMQ_NORM_BLOCK_SIZE", "norm_block_size").int(16, 1, 255).draft();
    /// Parity segments norm computes for a block.
    NormNumParity = row!(122, "ZMQ_NORM_NUM_PARITY", "norm_num_parity").int(4, 0, 254).draft();
    /// Parity segments norm sends unasked.
    NormNumAutoparity = row!(123, "ZMQ_NORM_NUM_AUTOPARITY", "norm_num_autoparity").int(0, 0, 254).draft();
    /// Lets norm repair with data before it has a whole block.
    NormPush = row!(124, "ZMQ_NORM_PUSH", "norm_push").switch(false).draft();
}

impl SocketOption {
    /// The number that crosses every language boundary; libzmq's.
    pub const fn id(self) -> i32 {
        self.row().id
    }

    /// The option with this number.
    pub fn from_id(id: i32) -> Option<Self> {
        let at = ROWS.binary_search_by_key(&id, |row| row.id).ok()?;
        Self::ALL.get(at).copied()
    }

    /// The option with this name or alias: `sndhwm`, `SNDHWM`, `ZMQ_SNDHWM` or `send_high_water_mark`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.row().is_named(name))
    }

    /// Its short name, for instance `sndhwm`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::{Applies, DefaultValue, Effect};
    use crate::{SocketType, option::check};
    use std::collections::BTreeSet;

    #[test]
    fn there_is_one_row_for_each_number() {
        assert_eq!(SocketOption::ALL.len(), 112);
        assert!(ROWS.windows(2).all(|pair| pair[0].id < pair[1].id), "not in the order of the numbers");
        for each in SocketOption::ALL {
            assert_eq!(SocketOption::from_id(each.id()), Some(*each));
            assert_eq!(SocketOption::from_name(each.name()), Some(*each));
        }
        for unused in [-1, 0, 3, 10, 20, 26, 67, 70, 82, 83, 125] {
            assert_eq!(SocketOption::from_id(unused), None);
        }
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        for name in ["sndhwm", "SNDHWM", "ZMQ_SNDHWM", "send_high_water_mark"] {
            assert_eq!(SocketOption::from_name(name), Some(SocketOption::Sndhwm), "{name}");
        }
        assert_eq!(SocketOption::from_name("IDENTITY"), Some(SocketOption::RoutingId));
        assert_eq!(SocketOption::from_name("identity"), Some(SocketOption::RoutingId));
        assert_eq!(SocketOption::from_name("hwm"), None);
        assert_eq!(SocketOption::from_name(""), None);
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.long_name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn variants_are_spelled_like_their_names() {
        for each in SocketOption::ALL {
            assert_eq!(format!("{each:?}").to_lowercase(), each.name().replace('_', ""));
        }
    }

    #[test]
    fn rows_are_consistent() {
        // What these start with means "not set" and cannot be set again.
        let initial_only = [
            "ROUTING_ID",
            "CONNECT_ROUTING_ID",
            "ZAP_DOMAIN",
            "GSSAPI_PRINCIPAL",
            "GSSAPI_SERVICE_PRINCIPAL",
            "HEARTBEAT_TIMEOUT",
        ];
        for row in ROWS {
            check(row, &initial_only);
            if let Applies::Only(types) = row.applies {
                assert!(!types.is_empty() && types.len() < SocketType::ALL.len());
                assert_eq!(row.applies, row.meant_for, "{}", row.zmq_name);
            }
        }
    }

    #[test]
    fn columns_that_behaviour_hangs_on() {
        let row = |option: SocketOption| option.row();
        assert!(!row(SocketOption::Subscribe).applies.to(SocketType::XPub));
        assert_eq!(row(SocketOption::Linger).effect, Effect::Close);
        assert_eq!(row(SocketOption::Sndhwm).default, DefaultValue::Int(1000));
        assert_eq!(row(SocketOption::HandshakeIvl).default, DefaultValue::Int(30_000));
        assert!(!row(SocketOption::RouterMandatory).applies.to(SocketType::Dealer));
        assert!(row(SocketOption::RoutingId).applies.to(SocketType::Pub));
        assert!(!row(SocketOption::RoutingId).meant_for.to(SocketType::Pub));
        assert!(
            row(SocketOption::Immediate).range.contains(1) && !row(SocketOption::Immediate).range.contains(2)
        );
        assert!(row(SocketOption::RoutingId).range.contains_length(255));
        assert!(!row(SocketOption::RoutingId).range.contains_length(0));
        assert!(!row(SocketOption::CurvePublickey).range.contains_length(33));
        let implemented = ROWS.iter().filter(|row| row.implemented).count();
        assert!(implemented >= 42, "{implemented}");
        assert!(ROWS.iter().all(|row| row.stable == (row.id < 93)));
    }
}
