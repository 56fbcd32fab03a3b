//! Endpoint texts by role: what is read, and the error of what is not.

use ohmq_proto::Endpoint;
use ohmq_proto::endpoint::{IpcEndpoint, TcpAddress, TcpEndpoint, TcpHost};
use ohmq_spec::ErrorCode::{self, Einval, Enametoolong, Eprotonosupport};

#[test]
fn good_endpoints_are_read_and_printed_back() {
    let both = [
        "tcp://127.0.0.1:5555",
        "tcp://localhost:1",
        "tcp://my-host_1.example.org:65535",
        "tcp://[::1]:5555",
        "tcp://[fe80::1%eth0]:5555",
        "tcp://[fe80::1%3]:5555",
        "ipc:///tmp/a b",
        "ipc://relative",
        "ipc://@abstract",
        "inproc://a",
        "inproc://*",
        "inproc://#1/π and blanks",
    ];
    for text in both {
        assert_eq!(Endpoint::parse_bind(text).map(|endpoint| endpoint.to_string()).as_deref(), Ok(text));
        assert_eq!(Endpoint::parse_connect(text).map(|endpoint| endpoint.to_string()).as_deref(), Ok(text));
    }
    for (text, printed) in [
        ("tcp://*:5555", "tcp://*:5555"),
        ("tcp://*:*", "tcp://*:0"),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0"),
        ("tcp://eth0:*", "tcp://eth0:0"),
        ("tcp://::1:5555", "tcp://[::1]:5555"),
        ("tcp://[fe80::1]%eth0:5555", "tcp://[fe80::1%eth0]:5555"),
        ("ipc://*", "ipc://*"),
    ] {
        assert_eq!(Endpoint::parse_bind(text).map(|endpoint| endpoint.to_string()).as_deref(), Ok(printed));
    }
    for (text, printed) in [
        ("tcp://127.0.0.1:0;10.0.0.1:80", "tcp://127.0.0.1:0;10.0.0.1:80"),
        ("tcp://*:*;host:80", "tcp://*:0;host:80"),
        ("tcp://eth0:99;[::1]:80", "tcp://eth0:99;[::1]:80"),
        ("tcp://[::1]:0;[::1]:80", "tcp://[::1]:0;[::1]:80"),
    ] {
        assert_eq!(
            Endpoint::parse_connect(text).map(|endpoint| endpoint.to_string()).as_deref(),
            Ok(printed)
        );
    }
}

#[test]
fn the_parts_are_typed() {
    let address = TcpAddress { host: TcpHost::V6("fe80::1".parse().unwrap(), Some("eth0".into())), port: 80 };
    let source = Some(TcpAddress { host: TcpHost::Any, port: 0 });
    let expected = Endpoint::Tcp(TcpEndpoint { source, address });
    assert_eq!(Endpoint::parse_connect("tcp://*:0;[fe80::1%eth0]:80"), Ok(expected));
    assert_eq!(Endpoint::parse_bind("ipc://*"), Ok(Endpoint::Ipc(IpcEndpoint::Temporary)));
    assert_eq!(Endpoint::parse_bind("ipc://@x"), Ok(Endpoint::Ipc(IpcEndpoint::Abstract("x".into()))));
    assert_eq!(Endpoint::parse_bind("inproc://x").map(|endpoint| endpoint.scheme()), Ok("inproc"));
}

#[test]
fn bad_endpoints_give_their_error() {
    let both: &[(&str, ErrorCode)] = &[
        ("", Einval),
        ("tcp", Einval),
        ("tcp:", Einval),
        ("tcp:/127.0.0.1:1", Einval),
        ("://127.0.0.1:1", Einval),
        ("127.0.0.1:5555", Einval),
        ("tcp://", Einval),
        ("ipc://", Einval),
        ("inproc://", Einval),
        ("foo://x", Eprotonosupport),
        ("TCP://127.0.0.1:1", Eprotonosupport),
        ("udp://127.0.0.1:1", Eprotonosupport),
        ("pgm://eth0;239.192.1.1:5555", Eprotonosupport),
        ("ws://127.0.0.1:1/", Eprotonosupport),
        ("tcp://127.0.0.1", Einval),
        ("tcp://127.0.0.1:", Einval),
        ("tcp://:5555", Einval),
        ("tcp://127.0.0.1:x", Einval),
        ("tcp://127.0.0.1:80x", Einval),
        ("tcp://127.0.0.1:-1", Einval),
        ("tcp://127.0.0.1:+1", Einval),
        ("tcp://127.0.0.1:65536", Einval),
        ("tcp://127.0.0.1:99999999999999999999", Einval),
        ("tcp://256.0.0.1:1", Einval),
        ("tcp://1.2.3:1", Einval),
        ("tcp://no host:1", Einval),
        (" tcp://127.0.0.1:1", Eprotonosupport),
        ("tcp:// 127.0.0.1:1", Einval),
        ("tcp://127.0.0.1:1 ", Einval),
        ("tcp://-host:1", Einval),
        ("tcp://ho$t:1", Einval),
        ("tcp://hö:1", Einval),
        ("tcp://[::1:1", Einval),
        ("tcp://::1]:1", Einval),
        ("tcp://[]:1", Einval),
        ("tcp://[::1]x:1", Einval),
        ("tcp://[::g]:1", Einval),
        ("tcp://[::1%]:1", Einval),
        ("tcp://[::1%a]%b:1", Einval),
        ("tcp://[::1%a b]:1", Einval),
        ("tcp://127.0.0.1%eth0:1", Einval),
        ("tcp://host\0:1", Einval),
        ("ipc://@", Einval),
        ("ipc://a\0b", Einval),
    ];
    for (text, code) in both {
        assert_eq!(Endpoint::parse_bind(text).map_err(|error| error.code), Err(*code), "bind {text:?}");
        assert_eq!(Endpoint::parse_connect(text).map_err(|error| error.code), Err(*code), "connect {text:?}");
    }
    for text in [
        "tcp://*:1",
        "tcp://127.0.0.1:*",
        "tcp://127.0.0.1:0",
        "ipc://*",
        "tcp://1.1.1.1:x;2.2.2.2:2",
        "tcp://;a:1",
        "tcp://a:1;",
    ] {
        assert_eq!(
            Endpoint::parse_connect(text).map_err(|error| error.code),
            Err(Einval),
            "connect {text:?}"
        );
    }
    assert_eq!(Endpoint::parse_bind("tcp://a:1;b:2").map_err(|error| error.code), Err(Einval));
    let name = "x".repeat(300);
    assert_eq!(Endpoint::parse_bind(&format!("tcp://{name}:1")).map_err(|error| error.code), Err(Einval));
}

#[test]
fn ipc_names_end_at_107_bytes() {
    for prefix in ["", "@"] {
        for (length, ok) in [(107, true), (108, false), (5000, false)] {
            let text = format!("ipc://{prefix}{}", "x".repeat(length));
            let result = Endpoint::parse_bind(&text).map(|_| ()).map_err(|error| error.code);
            assert_eq!(result, if ok { Ok(()) } else { Err(Enametoolong) });
        }
    }
}
