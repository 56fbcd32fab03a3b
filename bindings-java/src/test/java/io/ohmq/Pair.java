// Two connected sockets for a test, in a context of their own.
package io.ohmq;

import java.time.Duration;

final class Pair implements AutoCloseable {
    /** Longer than anything takes that works. */
    static final Duration PATIENCE = Duration.ofSeconds(20);

    final ZContext context = new ZContext();
    final Socket left;
    final Socket right;

    /** The left one binds. */
    Pair(SocketType left, SocketType right, String endpoint) {
        this.left = context.createSocket(left);
        this.right = context.createSocket(right);
        this.left.setReceiveTimeOut((int) PATIENCE.toMillis());
        this.right.setReceiveTimeOut((int) PATIENCE.toMillis());
        this.left.bind(endpoint);
        this.right.connect(this.left.getLastEndpoint());
    }

    Pair(SocketType left, SocketType right) {
        this(left, right, "tcp://127.0.0.1:*");
    }

    @Override
    public void close() {
        context.setLinger(0);
        context.close();
    }
}
