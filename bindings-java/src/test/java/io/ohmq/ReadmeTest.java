// The examples of the README are programs that run and print what it says.
package io.ohmq;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ReadmeTest {
    private static final Pattern EXAMPLE =
            Pattern.compile("```java\\n(.*?)\\n```\\n\\n```text\\n(.*?)\\n```", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("public class (\\w+)");

    @TempDir
    Path folder;

    @TestFactory
    List<DynamicTest> examples() throws Exception {
        String page = Files.readString(Path.of("README.md"));
        List<DynamicTest> tests = new ArrayList<>();
        Matcher example = EXAMPLE.matcher(page);
        while (example.find()) {
            String code = example.group(1);
            String prints = example.group(2);
            Matcher name = NAME.matcher(code);
            assertTrue(name.find(), code);
            tests.add(DynamicTest.dynamicTest(name.group(1), () -> runs(name.group(1), code, prints)));
        }
        assertEquals(page.split("```java\n", -1).length - 1, tests.size(), "every example says what it prints");
        assertTrue(tests.size() >= 4);
        return tests;
    }

    private void runs(String name, String code, String prints) throws Exception {
        Path file = Files.writeString(folder.resolve(name + ".java"), code);
        List<String> words = List.of(Programs.java(), "-cp", Programs.CLASSES, file.toString());
        Programs.Ended ended = Programs.run(new File("."), words);
        assertEquals(prints, ended.output().strip());
        assertEquals(0, ended.status());
    }
}
