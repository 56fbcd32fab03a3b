// Services: one background thread on one socket, with a report that can be read at any time.

import com.google.gson.JsonObject;
import io.ohmq.Message;
import io.ohmq.Socket;
import io.ohmq.ZMQException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

final class Service {
    /** How long it waits before it looks at its stop flag. */
    private static final Duration SLICE = Duration.ofMillis(50);

    private final Socket socket;
    private final JsonObject request;
    private final String kind;
    private final FileOutputStream log;
    private final Thread thread;
    private volatile boolean stopping;

    private boolean ended;
    private Exception failure;
    private long count;
    private long bytes;
    private long digest;
    private long unordered;
    private long lastNumber = -1;
    private long first;
    private long last;

    private Service(Socket socket, JsonObject request) throws IOException {
        this.socket = socket;
        this.request = request;
        kind = request.get("kind").getAsString();
        log = request.has("log") ? new FileOutputStream(request.get("log").getAsString(), true) : null;
        thread = new Thread(this::run, "service");
        thread.setDaemon(true);
    }

    static Service start(Socket socket, JsonObject request) throws IOException {
        Service service = new Service(socket, request);
        service.thread.start();
        return service;
    }

    /** The report, once the service has done its count or the time is up. */
    synchronized JsonObject report(long milliseconds) throws InterruptedException {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        for (long left = milliseconds; !ended && left > 0; left = (end - System.nanoTime()) / 1_000_000) {
            wait(left);
        }
        JsonObject report = new JsonObject();
        report.addProperty("done", ended);
        report.addProperty("count", count);
        report.addProperty("elapsed_us", (last - first) / 1e3);
        if (kind.equals("receive")) {
            report.addProperty("bytes", bytes);
            report.addProperty("digest", digest);
            report.addProperty("unordered", unordered);
        }
        if (failure != null) {
            Testee.fail(report, failure);
        }
        return report;
    }

    JsonObject stop() throws InterruptedException {
        stopping = true;
        thread.join();
        return report(0);
    }

    private void run() {
        Exception problem = null;
        try {
            switch (kind) {
                case "echo" -> echo();
                case "send" -> send();
                case "receive" -> receive();
                default -> throw new IllegalArgumentException("service " + kind);
            }
        } catch (Exception any) {
            problem = any;
        }
        synchronized (this) {
            failure = problem;
            ended = true;
            notifyAll();
        }
    }

    private void echo() throws IOException {
        for (Message message = next(); message != null; message = next()) {
            record(number(body(message)));
            if (transmit(message)) {
                tally();
            }
        }
    }

    private void send() throws IOException {
        List<byte[]> frames = new ArrayList<>();
        if (request.has("prefix") && request.get("prefix").isJsonArray()) {
            frames.addAll(Parts.all(request.getAsJsonArray("prefix")));
        }
        int size = request.get("size").getAsInt();
        long start = request.has("start") ? request.get("start").getAsLong() : 0;
        long wanted = wanted();
        frames.add(null);
        for (long number = start; wanted == 0 || number < start + wanted; number++) {
            byte[] body = new byte[size];
            ByteBuffer.wrap(body).putLong(number);
            frames.set(frames.size() - 1, body);
            if (!transmit(Message.of(frames))) {
                return;
            }
            record(number);
            tally();
        }
    }

    private void receive() throws IOException {
        for (long wanted = wanted(), done = 0; wanted == 0 || done < wanted; done++) {
            Message message = next();
            if (message == null) {
                return;
            }
            byte[] body = body(message);
            long number = number(body);
            record(number);
            tally(body, number);
        }
    }

    private synchronized void tally() {
        last = System.nanoTime();
        first = first == 0 ? last : first;
        count++;
    }

    private synchronized void tally(byte[] body, long number) {
        tally();
        bytes += body.length;
        digest = (digest + Parts.crc32(body)) & 0xFFFFFFFFL;
        unordered += number <= lastNumber ? 1 : 0;
        lastNumber = number;
    }

    /** The next message; null when the service is to stop. */
    private Message next() {
        while (!stopping) {
            try {
                return socket.receive(SLICE);
            } catch (ZMQException.Again nothing) {
                // Look at the flag and go on.
            }
        }
        return null;
    }

    /** Sends, waiting for room; false when the service is to stop. */
    private boolean transmit(Message message) {
        while (!stopping) {
            try {
                socket.send(message, SLICE);
                return true;
            } catch (ZMQException.Again full) {
                // Look at the flag and go on.
            }
        }
        return false;
    }

    /** One write for each number: what a killed process had done must be readable afterwards. */
    private void record(long number) throws IOException {
        if (log != null) {
            log.write(ByteBuffer.allocate(8).putLong(number).array());
        }
    }

    private long wanted() {
        return request.has("count") ? request.get("count").getAsLong() : 0;
    }

    private static byte[] body(Message message) {
        return message.frame(message.size() - 1);
    }

    /** The number in the first eight bytes. */
    private static long number(byte[] body) {
        long number = 0;
        for (int at = 0; at < Math.min(8, body.length); at++) {
            number = number << 8 | body[at] & 0xFF;
        }
        return number;
    }
}
