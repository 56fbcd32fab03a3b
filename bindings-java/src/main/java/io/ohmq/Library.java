// Finds and loads the native library, and checks that it belongs to this jar.
package io.ohmq;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;

/** The native library. It comes out of the jar, or from the path in the system property {@value #PROPERTY}. */
final class Library {
    static final String PROPERTY = "io.ohmq.library";

    /** The version of this jar, which is also the library's. */
    static final String VERSION = ownVersion();

    static {
        load();
        String found = version();
        if (!found.equals(VERSION)) {
            throw new UnsatisfiedLinkError(
                    "the native library has version " + found + ", the jar of ohmq " + VERSION);
        }
    }

    private Library() {}

    /** Does nothing by itself: using this class loads the library. */
    static void need() {}

    private static native String version();

    private static void load() {
        String path = System.getProperty(PROPERTY);
        if (path != null) {
            System.load(Path.of(path).toAbsolutePath().toString());
            return;
        }
        String name = "/native/" + platform() + "/" + System.mapLibraryName("ohmq_java");
        try (InputStream library = Library.class.getResourceAsStream(name)) {
            if (library == null) {
                throw new UnsatisfiedLinkError(
                        "the jar of ohmq has no library for this platform (" + name
                                + "); name one with -D" + PROPERTY + "=PATH");
            }
            loadCopy(library, System.mapLibraryName("ohmq_java"));
        } catch (IOException problem) {
            throw new UncheckedIOException(advice("be copied into"), problem);
        }
    }

    private static String advice(String what) {
        return "the library of ohmq cannot " + what + " " + System.getProperty("java.io.tmpdir")
                + "; choose another folder with -Djava.io.tmpdir, or name the library with -D" + PROPERTY + "=PATH";
    }

    /** Each copy has a folder of its own that only this user can enter: several class loaders may load one each. */
    private static void loadCopy(InputStream library, String name) throws IOException {
        Path folder = Files.createTempDirectory("ohmq-");
        Path copy = folder.resolve(name);
        try {
            Files.copy(library, copy);
            System.load(copy.toString());
        } catch (UnsatisfiedLinkError refused) {
            // Such a folder may forbid programs, as many servers have it.
            throw (Error) new UnsatisfiedLinkError(advice("be loaded from") + " (" + refused.getMessage() + ")")
                    .initCause(refused);
        } finally {
            // A loaded library needs its file no more, except where the system holds on to it.
            if (!copy.toFile().delete() | !folder.toFile().delete()) {
                folder.toFile().deleteOnExit();
                copy.toFile().deleteOnExit();
            }
        }
    }

    /** Such as linux-x86_64. */
    static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String os = system.startsWith("mac") ? "macos" : system.startsWith("windows") ? "windows" : "linux";
        String arch = switch (processor) {
            case "amd64", "x86-64", "x64" -> "x86_64";
            case "arm64" -> "aarch64";
            default -> processor;
        };
        return os + "-" + arch;
    }

    private static String ownVersion() {
        try (InputStream file = Library.class.getResourceAsStream("library.properties")) {
            Properties properties = new Properties();
            properties.load(file);
            return properties.getProperty("version");
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }
}
