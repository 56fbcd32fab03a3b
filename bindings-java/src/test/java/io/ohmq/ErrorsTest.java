// Errors: the same code everywhere, a class for each code, a text that names what was wrong.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ErrorsTest {
    private static void fails(ErrorCode code, String named, Executable call) {
        ZMQException failure = assertThrows(ZMQException.class, call);
        assertSame(code, failure.getError());
        assertEquals(code.getCode(), failure.getErrorCode());
        assertTrue(failure.getMessage().startsWith(code.name() + ": "), failure.getMessage());
        assertTrue(failure.getMessage().contains(named), failure.getMessage());
    }

    @Test
    void everyCodeHasAClass() {
        for (ErrorCode code : ErrorCode.values()) {
            ZMQException exception = ZMQException.of(code, "test", "it");
            assertNotEquals(ZMQException.class, exception.getClass());
            assertSame(code, exception.getError());
        }
        assertSame(ZMQException.class, ZMQException.of(-1, "?", "", "").getClass());
    }

    @Test
    void endpoints() {
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.REQ);
            fails(ErrorCode.EPROTONOSUPPORT, "foo://x", () -> socket.bind("foo://x"));
            fails(ErrorCode.EINVAL, "tcp://127.0.0.1", () -> socket.bind("tcp://127.0.0.1"));
            fails(ErrorCode.EINVAL, "nonsense", () -> socket.connect("nonsense"));
            fails(ErrorCode.ENODEV, "nosuchif0", () -> socket.bind("tcp://nosuchif0:0"));
            fails(ErrorCode.EADDRNOTAVAIL, "192.0.2.1", () -> socket.bind("tcp://192.0.2.1:0"));
            fails(ErrorCode.ENOENT, "tcp://127.0.0.1:1", () -> socket.unbind("tcp://127.0.0.1:1"));
            fails(ErrorCode.ENOENT, "tcp://127.0.0.1:1", () -> socket.disconnect("tcp://127.0.0.1:1"));
            fails(ErrorCode.EINVAL, "null", () -> socket.bind(null));
            socket.bind("tcp://127.0.0.1:*");
            Socket second = context.createSocket(SocketType.REQ);
            ZMQException taken = assertThrows(
                    ZMQException.AddressInUse.class, () -> second.bind(socket.getLastEndpoint()));
            assertEquals("bind", taken.getOperation());
            assertEquals(socket.getLastEndpoint(), taken.getSubject());
        }
    }

    @Test
    void randomPorts() {
        try (ZContext context = new ZContext()) {
            Socket first = context.createSocket(SocketType.PULL);
            int port = first.bindToRandomPort("tcp://127.0.0.1");
            Socket second = context.createSocket(SocketType.PULL);
            fails(ErrorCode.EADDRINUSE, "no free port",
                    () -> second.bindToRandomPort("tcp://127.0.0.1", port, port));
            int other = second.bindToRandomPort("tcp://127.0.0.1", 10_000, 60_000);
            assertTrue(other >= 10_000 && other <= 60_000);
            assertEquals("tcp://127.0.0.1:" + other, second.getLastEndpoint());
        }
    }

    @Test
    void options() {
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.DEALER);
            fails(ErrorCode.EINVAL, "4242", () -> socket.setSocketOption(4242, 1));
            fails(ErrorCode.EINVAL, "4242", () -> socket.getSocketOption(4242));
            fails(ErrorCode.EINVAL, "SNDHWM", () -> socket.setSndHWM(-1));
            fails(ErrorCode.EINVAL, "SNDHWM", () -> socket.setSocketOption(SocketOption.SNDHWM, "text"));
            fails(ErrorCode.EINVAL, "java.util.Date",
                    () -> socket.setSocketOption(SocketOption.SNDHWM, new java.util.Date()));
            fails(ErrorCode.EINVAL, "null", () -> socket.setSocketOption(SocketOption.SNDHWM, null));
            // A number is never made another.
            for (Number odd : new Number[] {1.9f, Double.NaN, new java.math.BigInteger("18446744073709551617")}) {
                fails(ErrorCode.EINVAL, odd.getClass().getName(),
                        () -> socket.setSocketOption(SocketOption.SNDHWM, odd));
            }
            fails(ErrorCode.EINVAL, "-2", () -> context.setLinger(-2));
            assertEquals(1000, context.getLinger());
            fails(ErrorCode.EINVAL, "SUBSCRIBE", () -> socket.subscribe("topic"));
            fails(ErrorCode.EINVAL, "TYPE", () -> socket.setSocketOption(SocketOption.TYPE, 1));
            fails(ErrorCode.EINVAL, "99", () -> context.createSocket(99));
            fails(ErrorCode.EINVAL, "4242", () -> context.setContextOption(4242, 1));
            fails(ErrorCode.EINVAL, "IO_THREADS", () -> context.setIoThreads(-1));
        }
    }

    @Test
    void whatIsNotImplementedSaysSo() {
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.DEALER);
            for (SocketOption option : SocketOption.values()) {
                if (!option.implemented() && option.readable()) {
                    fails(ErrorCode.ENOTSUP, option.name(), () -> socket.getSocketOption(option));
                }
            }
            for (SocketType type : SocketType.values()) {
                if (!type.implemented()) {
                    fails(ErrorCode.ENOTSUP, type.name(), () -> context.createSocket(type));
                }
            }
        }
    }

    @Test
    void states() {
        try (Pair pair = new Pair(SocketType.REP, SocketType.REQ)) {
            fails(ErrorCode.EFSM, "REQ", () -> pair.right.recv());
            fails(ErrorCode.EFSM, "REP", () -> pair.left.send("reply to nothing"));
            assertThrows(ZMQException.Again.class, () -> pair.left.receive(java.time.Duration.ZERO));
            assertTrue(pair.left.tryReceive().isEmpty());
            Socket pull = pair.context.createSocket(SocketType.PULL);
            fails(ErrorCode.ENOTSUP, "PULL", () -> pull.send("x"));
            Socket router = pair.context.createSocket(SocketType.ROUTER);
            router.setRouterMandatory(true);
            router.bind("inproc://mandatory");
            router.sendMore("nobody");
            fails(ErrorCode.EHOSTUNREACH, "ROUTER", () -> router.send("x"));
        }
    }

    @Test
    void closedThings() throws Exception {
        ZContext context = new ZContext();
        Socket socket = context.createSocket(SocketType.DEALER);
        Socket other = context.createSocket(SocketType.DEALER);
        socket.close();
        socket.close();
        assertEquals(java.util.List.of(other), context.getSockets());
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.send("x"));
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.send(Message.of("x", "y")));
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.recv());
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.bind("inproc://x"));
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.setLinger(0));
        fails(ErrorCode.ENOTSOCK, "closed", socket::getLinger);
        fails(ErrorCode.ENOTSOCK, "closed", socket::stats);
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.receiveMany(1));
        fails(ErrorCode.ENOTSOCK, "closed", () -> socket.poll(ZMQ.Poller.POLLIN, 0));
        ExecutionException late = assertThrows(ExecutionException.class, () -> socket.receiveAsync().get());
        assertTrue(late.getCause() instanceof ZMQException.NotASocket);
        context.shutdown();
        fails(ErrorCode.ETERM, "DEALER", () -> other.send("x"));
        fails(ErrorCode.ETERM, "", () -> context.createSocket(SocketType.REQ));
        context.close();
        context.close();
        fails(ErrorCode.ENOTSOCK, "closed", () -> other.send("x"));
        fails(ErrorCode.ETERM, "", () -> context.createSocket(SocketType.REQ));
        fails(ErrorCode.EFAULT, "closed", context::getIoThreads);
    }
}
