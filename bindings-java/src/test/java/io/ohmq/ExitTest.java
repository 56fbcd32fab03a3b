// The end of the program, in the middle of everything.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExitTest {
    /** Runs in a program of its own: threads that wait in every way, and traffic; then the end. */
    static final class Busy {
        private Busy() {}

        public static void main(String[] arguments) throws Exception {
            ZContext context = new ZContext();
            Socket pull = context.createSocket(SocketType.PULL);
            pull.bind("tcp://127.0.0.1:*");
            Socket push = context.createSocket(SocketType.PUSH);
            push.connect(pull.getLastEndpoint());
            Socket idle = context.createSocket(SocketType.PULL);
            idle.receiveAsync();
            daemon(idle::recv);
            daemon(() -> idle.poll(ZMQ.Poller.POLLIN, -1));
            daemon(() -> {
                while (true) {
                    push.send(Message.of("a", "b"));
                }
            });
            daemon(() -> {
                while (true) {
                    pull.receiveAsync().join();
                }
            });
            for (int received = 0; received < 1_000; received++) {
                pull.receive();
            }
            switch (arguments[0]) {
                case "exit" -> System.exit(0);
                case "halt" -> Runtime.getRuntime().halt(0);
                default -> {
                    // The main thread ends; all others are daemons.
                }
            }
        }

        private static void daemon(Runnable task) {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Runs in a program of its own: it uses the library in a shutdown hook. */
    static final class Hook {
        private Hook() {}

        public static void main(String[] arguments) throws Exception {
            Pair pair = new Pair(SocketType.PULL, SocketType.PUSH);
            Thread hook;
            if (arguments[0].equals("close")) {
                hook = new Thread(() -> close(pair.context));
            } else {
                pair.left.receiveAsync().cancel(false);
                hook = new Thread(() -> receive(pair));
            }
            Runtime.getRuntime().addShutdownHook(hook);
            System.exit(0);
        }

        private static void close(ZContext context) {
            context.close();
            System.out.println("open: " + context.getSockets().size() + ", dispatching: " + dispatching().isPresent());
        }

        private static void receive(Pair pair) {
            try {
                // Whatever would end this thread with the program has had the time to do it.
                dispatching().orElseThrow().join(200);
                CompletableFuture<Message> future = pair.left.receiveAsync();
                pair.right.send("last words");
                System.out.println(future.get(20, TimeUnit.SECONDS).string());
            } catch (Exception failure) {
                failure.printStackTrace(System.out);
            }
        }

        private static Optional<Thread> dispatching() {
            return Thread.getAllStackTraces().keySet().stream()
                    .filter(each -> each.getName().equals("ohmq-dispatch")).findAny();
        }
    }

    @Test
    void aShutdownHookMayCloseTheContext() throws Exception {
        Programs.Ended ended = program(Hook.class, List.of(), "close");
        assertEquals("open: 0, dispatching: false", ended.output().strip());
        assertEquals(0, ended.status());
    }

    @Test
    void aShutdownHookMayUseFutures() throws Exception {
        Programs.Ended ended = program(Hook.class, List.of(), "futures");
        assertEquals("last words", ended.output().strip());
        assertEquals(0, ended.status());
    }

    /** Runs in a program of its own, with less memory than a message needs. */
    static final class Small {
        private Small() {}

        public static void main(String[] arguments) throws Exception {
            Pair big = new Pair(SocketType.PULL, SocketType.PUSH, "inproc://big");
            Pair other = new Pair(SocketType.PULL, SocketType.PUSH, "inproc://other");
            byte[] frame = new byte[4 << 20];
            byte[][] frames = new byte[10][];
            java.util.Arrays.fill(frames, frame);
            big.right.send(Message.of(frames));
            try {
                big.left.receive();
            } catch (OutOfMemoryError full) {
                System.out.println("full");
            }
            CompletableFuture<Message> future = big.left.receiveAsync();
            CompletableFuture<Message> another = other.left.receiveAsync();
            big.right.send(Message.of(frames));
            try {
                future.get(20, TimeUnit.SECONDS);
            } catch (ExecutionException failed) {
                System.out.println(failed.getCause().getClass().getName());
            }
            other.right.send("goes on");
            System.out.println(another.get(20, TimeUnit.SECONDS).string());
        }
    }

    @Test
    void aMessageThatDoesNotFitIsAnOutOfMemoryError() throws Exception {
        Programs.Ended ended = program(Small.class, List.of("-Xmx24m"), "");
        assertEquals("full\njava.lang.OutOfMemoryError\ngoes on", ended.output().strip());
        assertEquals(0, ended.status());
    }

    @Test
    void theProgramEndsAsItIsTold() throws Exception {
        for (int round = 0; round < 4; round++) {
            for (String way : List.of("exit", "halt", "return")) {
                Programs.Ended ended = busy(List.of(), way);
                assertEquals(0, ended.status(), way + ": " + ended.output());
                assertEquals("", ended.output(), way);
            }
        }
    }

    /** The virtual machine checks every call of the native library. */
    @Test
    void theVirtualMachineHasNothingToComplainAbout() throws Exception {
        Programs.Ended ended = busy(List.of("-Xcheck:jni"), "exit");
        assertEquals(0, ended.status(), ended.output());
        assertFalse(ended.output().contains("WARNING in native method"), ended.output());
        assertFalse(ended.output().contains("FATAL ERROR"), ended.output());
    }

    @Test
    void theCopyOfTheLibraryIsRemoved() throws Exception {
        Path folder = Files.createTempDirectory("ohmq-test-");
        Programs.Ended ended = busy(List.of("-Djava.io.tmpdir=" + folder), "exit");
        assertEquals(0, ended.status(), ended.output());
        try (var left = Files.list(folder)) {
            assertTrue(left.filter(each -> each.getFileName().toString().startsWith("ohmq-")).findAny().isEmpty());
        }
    }

    @Test
    void aLibraryThatIsNotThereIsNamed() throws Exception {
        Programs.Ended ended = busy(List.of("-Dio.ohmq.library=/nonexistent/libohmq_java.so"), "exit");
        assertEquals(1, ended.status());
        assertTrue(ended.output().contains("/nonexistent/libohmq_java.so"), ended.output());
    }

    /** As where the folder for temporary files forbids programs. */
    @Test
    void aCopyThatCannotBeLoadedSaysWhatToDo(@TempDir Path folder) throws Exception {
        String name = System.mapLibraryName("ohmq_java");
        Path library = Files.createDirectories(folder.resolve("native/" + Library.platform())).resolve(name);
        Files.writeString(library, "no library");
        String path = folder + File.pathSeparator + CLASS_PATH;
        List<String> words = List.of(Programs.java(), "-cp", path, Busy.class.getName(), "exit");
        Programs.Ended ended = Programs.run(new File("target"), words);
        assertEquals(1, ended.status());
        assertTrue(ended.output().contains("UnsatisfiedLinkError"), ended.output());
        assertTrue(ended.output().contains("-Dio.ohmq.library=PATH"), ended.output());
    }

    private static final String CLASS_PATH =
            Programs.CLASSES + File.pathSeparator + Path.of("target/test-classes").toAbsolutePath();

    private static Programs.Ended busy(List<String> options, String way) throws Exception {
        return program(Busy.class, options, way);
    }

    private static Programs.Ended program(Class<?> program, List<String> options, String way) throws Exception {
        List<String> words = new java.util.ArrayList<>(List.of(Programs.java()));
        words.addAll(options);
        words.addAll(List.of("-cp", CLASS_PATH, program.getName(), way));
        return Programs.run(new File("target"), words);
    }
}
