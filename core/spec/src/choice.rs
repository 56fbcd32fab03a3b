//! The values of the options that choose from a list, and the kinds of device.

/// The values of `ROUTER_NOTIFY`.
pub(crate) mod router_notify {
    use crate::named_value::NamedValueRow;

    named_values! {
        /// Which peers a ROUTER reports; the numbers can be added.
        RouterNotify: "ZMQ_NOTIFY_";

        /// Those that connect.
        Connect = value(1, "ZMQ_NOTIFY_CONNECT").draft();
        /// Those that disconnect.
        Disconnect = value(2, "ZMQ_NOTIFY_DISCONNECT").draft();
    }

    #[cfg(test)]
    #[test]
    fn rows_are_consistent() {
        crate::named_value::check(ROWS, 2);
    }
}

/// The values of `RECONNECT_STOP`.
pub(crate) mod reconnect_stop {
    use crate::named_value::NamedValueRow;

    named_values! {
        /// After what a connection is not tried again; the numbers can be added.
        ReconnectStop: "ZMQ_RECONNECT_STOP_";

        /// Nobody listened at the endpoint.
        ConnRefused = value(1, "ZMQ_RECONNECT_STOP_CONN_REFUSED").draft();
        /// The handshake failed.
        HandshakeFailed = value(2, "ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED").draft();
        /// The application disconnected the endpoint.
        AfterDisconnect = value(4, "ZMQ_RECONNECT_STOP_AFTER_DISCONNECT").draft();
    }

    #[cfg(test)]
    #[test]
    fn rows_are_consistent() {
        crate::named_value::check(ROWS, 3);
    }
}

/// The values of `NORM_MODE`.
pub(crate) mod norm_mode {
    use crate::named_value::NamedValueRow;

    named_values! {
        /// How norm multicast controls congestion.
        NormMode: "ZMQ_NORM_";

        /// At the fixed rate of the `RATE` option.
        Fixed = value(0, "ZMQ_NORM_FIXED").draft();
        /// By packet loss, starting low.
        Cc = value(1, "ZMQ_NORM_CC").draft();
        /// By packet loss, for lossy links.
        Ccl = value(2, "ZMQ_NORM_CCL").draft();
        /// By explicit notification and loss.
        Cce = value(3, "ZMQ_NORM_CCE").draft();
        /// By explicit notification alone.
        CceEcnonly = value(4, "ZMQ_NORM_CCE_ECNONLY").draft();
    }

    #[cfg(test)]
    #[test]
    fn rows_are_consistent() {
        crate::named_value::check(ROWS, 5);
    }
}

/// The values of `GSSAPI_PRINCIPAL_NAMETYPE` and `GSSAPI_SERVICE_PRINCIPAL_NAMETYPE`.
pub(crate) mod gssapi_name_type {
    use crate::named_value::NamedValueRow;

    named_values! {
        /// How a GSSAPI principal is written.
        GssapiNameType: "ZMQ_GSSAPI_NT_";

        /// As service@host.
        Hostbased = value(0, "ZMQ_GSSAPI_NT_HOSTBASED");
        /// As a user name.
        UserName = value(1, "ZMQ_GSSAPI_NT_USER_NAME");
        /// As a Kerberos principal.
        Krb5Principal = value(2, "ZMQ_GSSAPI_NT_KRB5_PRINCIPAL");
    }

    #[cfg(test)]
    #[test]
    fn rows_are_consistent() {
        crate::named_value::check(ROWS, 3);
    }
}

/// The devices of `zmq_device`.
pub(crate) mod device_type {
    use crate::named_value::NamedValueRow;

    named_values! {
        /// What a device is for. All are the same proxy now.
        DeviceType: "ZMQ_";

        /// Passes work on, between PULL and PUSH.
        Streamer = value(1, "ZMQ_STREAMER");
        /// Passes publications on, between XSUB and XPUB.
        Forwarder = value(2, "ZMQ_FORWARDER");
        /// Passes requests on and replies back, between ROUTER and DEALER.
        Queue = value(3, "ZMQ_QUEUE");
    }

    #[cfg(test)]
    #[test]
    fn rows_are_consistent() {
        crate::named_value::check(ROWS, 3);
    }
}
