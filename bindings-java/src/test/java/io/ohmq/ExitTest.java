// The end of the program, in the middle of everything.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

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

    private static Programs.Ended busy(List<String> options, String way) throws Exception {
        List<String> words = new java.util.ArrayList<>(List.of(Programs.java()));
        words.addAll(options);
        String path = Programs.CLASSES + File.pathSeparator + Path.of("target/test-classes").toAbsolutePath();
        words.addAll(List.of("-cp", path, Busy.class.getName(), way));
        return Programs.run(new File("target"), words);
    }
}
