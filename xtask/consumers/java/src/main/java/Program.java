// A user's program: `serve COUNT` answers requests, `call ENDPOINT` makes one.

import io.ohmq.SocketType;
import io.ohmq.ZContext;
import io.ohmq.ZMQ;

public final class Program {
    private Program() {}

    public static void main(String[] arguments) {
        try (ZContext context = new ZContext()) {
            if (arguments[0].equals("serve")) {
                serve(context, Integer.parseInt(arguments[1]));
            } else {
                call(context, arguments[1]);
            }
        }
    }

    private static void serve(ZContext context, int count) {
        ZMQ.Socket socket = context.createSocket(SocketType.REP);
        socket.bind("tcp://127.0.0.1:*");
        System.out.println(socket.getLastEndpoint());
        for (int answered = 0; answered < count; answered++) {
            socket.send("java heard: " + socket.recvStr());
        }
    }

    private static void call(ZContext context, String endpoint) {
        ZMQ.Socket socket = context.createSocket(SocketType.REQ);
        socket.connect(endpoint);
        socket.send("hello from java");
        System.out.println(socket.recvStr());
    }
}
