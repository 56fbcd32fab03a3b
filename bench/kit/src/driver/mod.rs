//! The drivers: what each kind of work does on each side, written once for all contestants.

mod connections;
mod echo;
mod paced;
mod part;
mod publish;
mod start;
mod stream;

pub use paced::pause;
pub use part::announce;
pub use start::Driver;
pub use stream::take;
