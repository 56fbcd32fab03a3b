//! Why a handshake or a connection broke the protocol: the value of `HANDSHAKE_FAILED_PROTOCOL` events.

use crate::named_value::NamedValueRow;

named_values! {
    /// Why a peer was refused, in the numbers that monitors report.
    ProtocolErrorCode: "ZMQ_PROTOCOL_ERROR_";

    /// A peer broke ZMTP in a way that has no number of its own.
    ZmtpUnspecified = value(0x1000_0000, "ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED");
    /// A command came that has no place in the handshake.
    ZmtpUnexpectedCommand = value(0x1000_0001, "ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND");
    /// A nonce did not rise.
    ZmtpInvalidSequence = value(0x1000_0002, "ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE");
    /// The key exchange failed.
    ZmtpKeyExchange = value(0x1000_0003, "ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE");
    /// A command could not be parsed.
    ZmtpMalformedCommandUnspecified = value(0x1000_0011, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED");
    /// A MESSAGE command could not be parsed.
    ZmtpMalformedCommandMessage = value(0x1000_0012, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE");
    /// A HELLO command could not be parsed.
    ZmtpMalformedCommandHello = value(0x1000_0013, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO");
    /// An INITIATE command could not be parsed.
    ZmtpMalformedCommandInitiate = value(0x1000_0014, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE");
    /// An ERROR command could not be parsed.
    ZmtpMalformedCommandError = value(0x1000_0015, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR");
    /// A READY command could not be parsed.
    ZmtpMalformedCommandReady = value(0x1000_0016, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY");
    /// A WELCOME command could not be parsed.
    ZmtpMalformedCommandWelcome = value(0x1000_0017, "ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME");
    /// The properties of the handshake are malformed, or the socket types do not go together.
    ZmtpInvalidMetadata = value(0x1000_0018, "ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA");
    /// A sealed box could not be opened.
    ZmtpCryptographic = value(0x1100_0001, "ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC");
    /// The two ends use different security mechanisms.
    ZmtpMechanismMismatch = value(0x1100_0002, "ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH");
    /// The authentication handler broke ZAP in a way that has no number of its own.
    ZapUnspecified = value(0x2000_0000, "ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED");
    /// The authentication handler's reply could not be parsed.
    ZapMalformedReply = value(0x2000_0001, "ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY");
    /// The authentication handler answered another request.
    ZapBadRequestId = value(0x2000_0002, "ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID");
    /// The authentication handler speaks another version of ZAP.
    ZapBadVersion = value(0x2000_0003, "ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION");
    /// The authentication handler's status is not 200, 300, 400 or 500.
    ZapInvalidStatusCode = value(0x2000_0004, "ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE");
    /// The authentication handler's properties are malformed.
    ZapInvalidMetadata = value(0x2000_0005, "ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA");
    /// The WebSocket handshake failed.
    WsUnspecified = value(0x3000_0000, "ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED");
}

#[cfg(test)]
#[test]
fn rows_are_consistent() {
    crate::named_value::check(ROWS, 21);
    for each in ProtocolErrorCode::ALL {
        assert_eq!(format!("{each:?}").to_uppercase(), each.name().replace('_', ""));
        assert_eq!(ProtocolErrorCode::from_value(each.value()), Some(*each));
    }
}
