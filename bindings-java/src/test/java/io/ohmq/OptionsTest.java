// Options: every one that the engine implements, by its accessor and by its number.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class OptionsTest {
    @Test
    void valuesHaveTheTypeOfTheTable() {
        try (ZContext context = new ZContext()) {
            for (SocketType type : SocketType.values()) {
                if (!type.implemented()) {
                    continue;
                }
                Socket socket = context.createSocket(type);
                assertEquals(type, socket.getSocketType());
                for (SocketOption option : SocketOption.values()) {
                    if (option.implemented() && option.readable()) {
                        try {
                            assertEquals(option.valueType(), socket.getSocketOption(option).getClass(), option.name());
                        } catch (ZMQException.InvalidArgument notOfThisType) {
                            assertTrue(notOfThisType.getMessage().contains(option.name()));
                        }
                    }
                }
            }
        }
    }

    @Test
    void accessors() {
        try (ZContext context = new ZContext()) {
            Socket socket = context.createSocket(SocketType.DEALER);
            assertEquals(-1, socket.getLinger());
            assertTrue(socket.setLinger(250));
            assertEquals(250, socket.getLinger());
            socket.setSndHWM(7);
            socket.setRcvHWM(8);
            assertEquals(7, socket.getSndHWM());
            assertEquals(8, socket.getSocketOption(SocketOption.RCVHWM));
            assertTrue(socket.setHWM(5));
            assertEquals(5, socket.getSndHWM());
            assertEquals(5, socket.getRcvHWM());
            for (Number nine : new Number[] {(byte) 9, (short) 9, 9, 9L}) {
                socket.setSndHWM(7);
                socket.setSocketOption(SocketOption.SNDHWM, nine);
                assertEquals(9, socket.getSndHWM());
            }
            socket.setIdentity(new byte[] {1, 0, 2});
            assertArrayEquals(new byte[] {1, 0, 2}, socket.getIdentity());
            socket.setImmediate(true);
            assertTrue(socket.isImmediate() && socket.getImmediate());
            socket.setMaxMsgSize(1L << 40);
            assertEquals(1L << 40, socket.getMaxMsgSize());
            assertFalse(socket.isIPv6());
            assertEquals(SocketType.DEALER.type(), socket.getType());
            assertEquals("", socket.getLastEndpoint());
        }
    }

    @Test
    void contexts() {
        try (ZContext context = new ZContext(2)) {
            assertEquals(2, context.getIoThreads());
            context.setMaxSockets(1);
            context.setSndHWM(11);
            context.setRcvHWM(12);
            Socket socket = context.createSocket(SocketType.DEALER);
            assertEquals(11, socket.getSndHWM());
            assertEquals(12, socket.getRcvHWM());
            assertFalse(context.isEmpty());
            org.junit.jupiter.api.Assertions.assertThrows(
                    ZMQException.TooManyOpenFiles.class, () -> context.createSocket(SocketType.DEALER));
            context.destroySocket(socket);
            assertTrue(context.isEmpty());
        }
    }

    @Test
    void theVersionIsTheLibrarys() {
        assertEquals(System.getProperty("ohmq.version", ZMQ.getVersionString()), ZMQ.getVersionString());
        assertTrue(ZMQ.getVersionString().matches("\\d+\\.\\d+\\.\\d+"));
    }
}
