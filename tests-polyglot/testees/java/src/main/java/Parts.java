// Parts of messages as requests and answers write them.

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;

final class Parts {
    private static final int SHORT_PART = 64;

    private Parts() {}

    static List<byte[]> all(JsonArray parts) {
        List<byte[]> all = new ArrayList<>();
        parts.forEach(part -> all.add(in(part)));
        return all;
    }

    static byte[] in(JsonElement part) {
        if (part.isJsonPrimitive()) {
            return hex(part.getAsString());
        }
        JsonObject seeded = part.getAsJsonObject();
        return pattern(seeded.get("seed").getAsInt(), seeded.get("len").getAsInt());
    }

    static JsonElement out(byte[] part) {
        if (part.length <= SHORT_PART) {
            return new JsonPrimitive(hex(part));
        }
        JsonObject summary = new JsonObject();
        summary.addProperty("len", part.length);
        summary.addProperty("crc32", crc32(part));
        return summary;
    }

    /** The payload {@code (seed + i) mod 251}. */
    static byte[] pattern(int seed, int length) {
        byte[] bytes = new byte[length];
        for (int at = 0; at < length; at++) {
            bytes[at] = (byte) ((seed + (long) at) % 251);
        }
        return bytes;
    }

    static long crc32(byte[] bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return sum.getValue();
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
