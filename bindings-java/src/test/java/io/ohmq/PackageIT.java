// The jar as a user has it: installed into a local repository, and used by a project that has nothing else.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PackageIT {
    private final Path work = Path.of("target/consumer").toAbsolutePath();
    private final Path repository = work.resolve("repository");

    @Test
    void anEmptyProjectTalksToRust() throws Exception {
        delete(work);
        Files.createDirectories(repository);
        borrowEverythingElse();
        install();
        Path project = work.resolve("project");
        Files.createDirectories(project.resolve("src/main/java"));
        Path sources = Path.of("src/test/consumer");
        Files.copy(sources.resolve("pom.xml"), project.resolve("pom.xml"));
        Files.copy(sources.resolve("Consumer.java"), project.resolve("src/main/java/Consumer.java"));
        maven(project, "compile", "dependency:build-classpath", "-Dmdep.outputFile=target/class-path",
                "-Dohmq.version=" + ZMQ.getVersionString());
        String jars = Files.readString(project.resolve("target/class-path")).strip();
        assertFalse(jars.contains(File.pathSeparator), "the jar needs no other: " + jars);
        assertTrue(jars.startsWith(repository.toString()), jars);
        exchange(project.resolve("target/classes") + File.pathSeparator + jars);
    }

    /** A Rust service is asked by the consumer, and a Rust client asks the consumer's service. */
    private void exchange(String path) throws Exception {
        try (Programs.Testee rust = new Programs.Testee()) {
            rust.ask("\"op\":\"context\",\"context\":\"c\"");
            rust.ask("\"op\":\"socket\",\"socket\":\"s\",\"context\":\"c\",\"type\":\"REP\"");
            String bound = rust.ask("\"op\":\"bind\",\"socket\":\"s\",\"endpoint\":\"tcp://127.0.0.1:*\"");
            String endpoint = bound.replaceAll(".*(tcp://[^\"]*).*", "$1");
            rust.ask("\"op\":\"service\",\"socket\":\"s\",\"kind\":\"echo\"");
            List<String> words = List.of(Programs.java(), "-cp", path, "Consumer", endpoint);
            Programs.Ended ended = Programs.run(work.toFile(), words);
            assertEquals("hello from an empty project, twice", ended.output().strip());
            assertEquals(0, ended.status());
        }
    }

    /** What Maven itself is made of comes from the user's repository; our own jar does not. */
    private void borrowEverythingElse() throws IOException {
        Path users = Path.of(System.getProperty("ohmq.repository"));
        link(users, repository, "io");
        Files.createDirectories(repository.resolve("io"));
        if (Files.isDirectory(users.resolve("io"))) {
            link(users.resolve("io"), repository.resolve("io"), "ohmq");
        }
    }

    private static void link(Path from, Path to, String except) throws IOException {
        try (Stream<Path> all = Files.list(from)) {
            for (Path each : (Iterable<Path>) all::iterator) {
                if (!each.getFileName().toString().equals(except)) {
                    Files.createSymbolicLink(to.resolve(each.getFileName()), each);
                }
            }
        }
    }

    private void install() throws Exception {
        maven(Path.of("").toAbsolutePath(), "install:install-file", "-Dfile=" + System.getProperty("ohmq.jar"),
                "-DpomFile=" + Path.of("pom.xml").toAbsolutePath());
        assertTrue(Files.isDirectory(repository.resolve("io/ohmq/ohmq/" + ZMQ.getVersionString())));
    }

    private void maven(Path folder, String... goals) throws Exception {
        List<String> words = new ArrayList<>(List.of("mvn", "--batch-mode", "--no-transfer-progress", "--quiet",
                "-Dmaven.repo.local=" + repository));
        words.addAll(List.of(goals));
        Programs.Ended ended = Programs.run(folder.toFile(), words);
        assertEquals(0, ended.status(), ended.output());
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : (Iterable<Path>) all.sorted(java.util.Comparator.reverseOrder())::iterator) {
                Files.delete(each);
            }
        }
    }
}
