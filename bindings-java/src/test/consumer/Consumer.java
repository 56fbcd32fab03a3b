// Asks the service at the endpoint, as a user's program would.

import io.ohmq.Message;
import io.ohmq.SocketType;
import io.ohmq.ZContext;
import io.ohmq.ZMQ;
import java.util.concurrent.TimeUnit;

public final class Consumer {
    private Consumer() {}

    public static void main(String[] arguments) throws Exception {
        try (ZContext context = new ZContext()) {
            ZMQ.Socket socket = context.createSocket(SocketType.REQ);
            socket.connect(arguments[0]);
            socket.send("hello from an empty project");
            String first = socket.recvStr();
            socket.sendAsync(Message.of("twice")).get(10, TimeUnit.SECONDS);
            System.out.println(first + ", " + socket.receiveAsync().get(10, TimeUnit.SECONDS).string());
        }
    }
}
