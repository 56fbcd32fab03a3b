// The Java actor of the conformance scenarios. It speaks the protocol of tests-polyglot/README.md.

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.ohmq.ContextOption;
import io.ohmq.Message;
import io.ohmq.Socket;
import io.ohmq.SocketOption;
import io.ohmq.SocketType;
import io.ohmq.ZContext;
import io.ohmq.ZMQ;
import io.ohmq.ZMQException;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

public final class Testee {
    private static final Gson JSON = new GsonBuilder().serializeNulls().create();

    private final Map<String, ZContext> contexts = new HashMap<>();
    private final Map<String, Socket> sockets = new HashMap<>();
    private final Map<String, Service> services = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        // Answers have standard output for themselves: a stray print goes to standard error.
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Testee testee = new Testee();
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonObject request = JsonParser.parseString(line).getAsJsonObject();
            JsonObject answer = testee.answer(request);
            answer.add("id", request.get("id"));
            answers.print(JSON.toJson(answer) + "\n");
            answers.flush();
        }
        System.exit(0);
    }

    private JsonObject answer(JsonObject request) {
        JsonObject answer = new JsonObject();
        try {
            answer.add("ok", perform(request.get("op").getAsString(), request));
        } catch (UnsupportedOperationException unknown) {
            fail(answer, "UNSUPPORTED", unknown.getMessage());
        } catch (Exception failure) {
            fail(answer, failure);
        }
        return answer;
    }

    /** The code of the library's own errors; anything else is told as what it is. */
    static void fail(JsonObject answer, Exception failure) {
        if (failure instanceof ZMQException error) {
            fail(answer, error.getError().name(), error.getMessage());
        } else {
            fail(answer, "EXCEPTION", failure.getClass().getName() + ": " + failure.getMessage());
        }
    }

    private static void fail(JsonObject answer, String code, String message) {
        answer.addProperty("error", code);
        answer.addProperty("message", message);
    }

    private JsonElement perform(String operation, JsonObject request) throws Exception {
        return switch (operation) {
            case "hello" -> hello();
            case "context" -> done(contexts.put(name(request, "context"), new ZContext()));
            case "context_set" -> {
                context(request).setContextOption(contextOption(request), request.get("value").getAsInt());
                yield JsonNull.INSTANCE;
            }
            case "context_get" -> new JsonPrimitive(context(request).getContextOption(contextOption(request)));
            case "shutdown" -> {
                context(request).shutdown();
                yield JsonNull.INSTANCE;
            }
            case "term" -> {
                context(request).close();
                yield JsonNull.INSTANCE;
            }
            case "socket" -> open(request);
            case "set" -> {
                set(socket(request), request.get("option"), request.get("value"));
                yield JsonNull.INSTANCE;
            }
            case "get" -> valueOut(socket(request).getSocketOption(option(request.get("option"))));
            case "bind" -> {
                socket(request).bind(name(request, "endpoint"));
                yield new JsonPrimitive(socket(request).getLastEndpoint());
            }
            case "connect" -> done(socket(request).connect(name(request, "endpoint")));
            case "unbind" -> done(socket(request).unbind(name(request, "endpoint")));
            case "disconnect" -> done(socket(request).disconnect(name(request, "endpoint")));
            case "subscribe" -> done(socket(request).subscribe(Parts.hex(name(request, "topic"))));
            case "unsubscribe" -> done(socket(request).unsubscribe(Parts.hex(name(request, "topic"))));
            case "send" -> send(request);
            case "recv" -> receive(request);
            case "stats" -> JSON.toJsonTree(socket(request).stats());
            case "close" -> close(request);
            case "ping" -> ping(request);
            case "service" -> done(services.put(name(request, "socket"), Service.start(socket(request), request)));
            case "report" -> services.get(name(request, "socket")).report(request.get("timeout_ms").getAsLong());
            case "stop" -> services.remove(name(request, "socket")).stop();
            default -> throw new UnsupportedOperationException("operation " + operation);
        };
    }

    private static JsonElement hello() {
        JsonObject hello = new JsonObject();
        hello.addProperty("actor", "java");
        hello.addProperty("library", "ohmq " + ZMQ.getVersionString());
        hello.addProperty("pid", ProcessHandle.current().pid());
        JsonArray features = new JsonArray();
        features.add("stats");
        features.add("log");
        hello.add("features", features);
        return hello;
    }

    private JsonElement open(JsonObject request) {
        JsonPrimitive type = request.getAsJsonPrimitive("type");
        Socket socket = type.isNumber()
                ? context(request).createSocket(type.getAsInt())
                : context(request).createSocket(SocketType.valueOf(type.getAsString()));
        sockets.put(name(request, "socket"), socket);
        if (request.has("options") && request.get("options").isJsonObject()) {
            for (Map.Entry<String, JsonElement> each : request.getAsJsonObject("options").entrySet()) {
                set(socket, new JsonPrimitive(each.getKey()), each.getValue());
            }
        }
        return JsonNull.INSTANCE;
    }

    private JsonElement send(JsonObject request) {
        Message message = Message.of(Parts.all(request.getAsJsonArray("parts")));
        if (request.has("timeout_ms")) {
            socket(request).send(message, timeout(request));
        } else {
            socket(request).send(message);
        }
        return JsonNull.INSTANCE;
    }

    private JsonElement receive(JsonObject request) {
        Socket socket = socket(request);
        Message message = request.has("timeout_ms") ? socket.receive(timeout(request)) : socket.receive();
        JsonArray parts = new JsonArray();
        message.forEach(part -> parts.add(Parts.out(part)));
        JsonObject answer = new JsonObject();
        answer.add("parts", parts);
        return answer;
    }

    private JsonElement close(JsonObject request) {
        Socket socket = socket(request);
        if (request.has("linger_ms") && !request.get("linger_ms").isJsonNull()) {
            try {
                socket.setLinger(request.get("linger_ms").getAsInt());
            } catch (ZMQException closedOrTerminated) {
                // Closing is what was asked for.
            }
        }
        socket.close();
        return JsonNull.INSTANCE;
    }

    private JsonElement ping(JsonObject request) {
        Socket socket = socket(request);
        int size = request.get("size").getAsInt();
        double[] trips = new double[request.get("count").getAsInt()];
        Message question = Message.of(Parts.pattern(0, size));
        for (int trip = 0; trip < trips.length; trip++) {
            long begun = System.nanoTime();
            socket.send(question);
            Message reply = socket.receive(timeout(request));
            trips[trip] = (System.nanoTime() - begun) / 1e3;
            int length = reply.frame(reply.size() - 1).length;
            if (length != size) {
                throw new IllegalStateException("reply of " + length + " bytes instead of " + size);
            }
        }
        Arrays.sort(trips);
        JsonObject answer = new JsonObject();
        answer.addProperty("count", trips.length);
        answer.addProperty("median_us", trips[trips.length / 2]);
        answer.addProperty("min_us", trips[0]);
        return answer;
    }

    private static void set(Socket socket, JsonElement option, JsonElement value) {
        socket.setSocketOption(option(option), valueIn(value));
    }

    private static int option(JsonElement option) {
        JsonPrimitive plain = option.getAsJsonPrimitive();
        return plain.isNumber()
                ? plain.getAsInt()
                : SocketOption.valueOf(plain.getAsString().toUpperCase(Locale.ROOT)).id();
    }

    private static int contextOption(JsonObject request) {
        JsonPrimitive plain = request.getAsJsonPrimitive("option");
        return plain.isNumber()
                ? plain.getAsInt()
                : ContextOption.valueOf(plain.getAsString().toUpperCase(Locale.ROOT)).id();
    }

    private static Object valueIn(JsonElement value) {
        if (value.isJsonObject()) {
            return Parts.hex(name(value.getAsJsonObject(), "hex"));
        }
        JsonPrimitive plain = value.getAsJsonPrimitive();
        if (plain.isBoolean()) {
            return plain.getAsBoolean();
        }
        return plain.isNumber() ? (Object) plain.getAsLong() : plain.getAsString();
    }

    private static JsonElement valueOut(Object value) {
        if (value instanceof byte[] bytes) {
            JsonObject hex = new JsonObject();
            hex.addProperty("hex", Parts.hex(bytes));
            return hex;
        }
        return JSON.toJsonTree(value);
    }

    private static Duration timeout(JsonObject request) {
        return Duration.ofMillis(request.get("timeout_ms").getAsLong());
    }

    private static JsonElement done(Object ignored) {
        return JsonNull.INSTANCE;
    }

    private static String name(JsonObject request, String field) {
        return request.get(field).getAsString();
    }

    private ZContext context(JsonObject request) {
        return contexts.get(name(request, "context"));
    }

    private Socket socket(JsonObject request) {
        return sockets.get(name(request, "socket"));
    }
}
