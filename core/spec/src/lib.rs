//! Every number, name, default and doc line that OhMQ's languages share.
