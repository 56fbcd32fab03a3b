// Other programs that tests run.
package io.ohmq;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

final class Programs {
    /** Where the classes of this build are. */
    static final String CLASSES = Path.of("target/classes").toAbsolutePath().toString();

    private Programs() {}

    record Ended(int status, String output) {}

    /** The java that runs this test. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Runs a program to its end; both its outputs are one. */
    static Ended run(File folder, List<String> words) throws IOException, InterruptedException {
        File output = File.createTempFile("ohmq-", ".log");
        Process process = new ProcessBuilder(words).directory(folder).redirectErrorStream(true)
                .redirectOutput(output).start();
        try {
            process.getOutputStream().close();
            if (!process.waitFor(80, TimeUnit.SECONDS)) {
                throw new AssertionError(words + " does not end:\n" + read(output));
            }
            return new Ended(process.exitValue(), read(output));
        } finally {
            process.destroyForcibly();
            output.delete();
        }
    }

    private static String read(File output) throws IOException {
        return java.nio.file.Files.readString(output.toPath(), StandardCharsets.UTF_8);
    }

    /** The Rust program that speaks the protocol of tests-polyglot/README.md. */
    static final class Testee implements AutoCloseable {
        private final Process process;
        private final BufferedReader answers;

        Testee() throws IOException {
            String program = System.getProperty("ohmq.testee");
            process = new ProcessBuilder(program).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            answers = process.inputReader(StandardCharsets.UTF_8);
        }

        /** Sends a request without its braces, and returns the answer's text. */
        String ask(String request) throws IOException {
            process.getOutputStream().write(("{\"id\":1," + request + "}\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            String answer = answers.readLine();
            if (answer == null || !answer.contains("\"ok\"")) {
                throw new AssertionError(request + ": " + answer);
            }
            return answer;
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
