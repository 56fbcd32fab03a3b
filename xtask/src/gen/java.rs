//! Java: enums of types, options and errors, and an interface of typed option accessors under JeroMQ's names.

use ohmq_spec::{ContextOption, ErrorCode, OptionRow, SocketOption, SocketType, ValueKind};

use super::NOTICE;
use super::page::{Doc, Page};
use super::words::{self, option_doc, upper_camel};

/// `hasReceiveMore` in JeroMQ.
const BY_HAND: [SocketOption; 1] = [SocketOption::Rcvmore];

pub fn files() -> Vec<(&'static str, String)> {
    vec![
        ("bindings-java/src/main/java/io/ohmq/SocketType.java", socket_type()),
        ("bindings-java/src/main/java/io/ohmq/SocketOption.java", option_enum(&SOCKET)),
        ("bindings-java/src/main/java/io/ohmq/ContextOption.java", option_enum(&CONTEXT)),
        ("bindings-java/src/main/java/io/ohmq/ErrorCode.java", error_code()),
        ("bindings-java/src/main/java/io/ohmq/ZMQException.java", exception()),
        ("bindings-java/src/main/java/io/ohmq/SocketOptions.java", accessors()),
    ]
}

fn page() -> Page {
    let mut page = Page::new();
    page.line(format!("// {NOTICE}"));
    page.lines("package io.ohmq;\n\n");
    page
}

/// Writes the constants of an enum: a doc comment and `NAME(arguments)` each.
fn constants(page: &mut Page, all: &[(String, String)]) {
    for (at, (constant, doc)) in all.iter().enumerate() {
        page.doc(Doc::Block, &javadoc(doc));
        page.line(format!("{constant}{}", if at + 1 == all.len() { ";" } else { "," }));
    }
    page.blank();
}

fn socket_type() -> String {
    let mut page = page();
    page.doc(Doc::Block, "The kinds of socket.");
    page.block("public enum SocketType {", "}", |page| {
        let rows = SocketType::ALL.iter().map(|each| each.row());
        let constant = |row: &ohmq_spec::SocketTypeRow| {
            let (name, id) = (row.name, row.id);
            (
                format!("{name}({id}, {}, {}, {})", row.sends, row.receives, row.implemented),
                row.doc.to_owned(),
            )
        };
        constants(page, &rows.map(constant).collect::<Vec<_>>());
        page.lines(SOCKET_TYPE_BODY);
    });
    page.into_text()
}

const SOCKET_TYPE_BODY: &str = r#"private static final SocketType[] ALL = values();

private final int type;
private final boolean sends;
private final boolean receives;
private final boolean implemented;

SocketType(int type, boolean sends, boolean receives, boolean implemented) {
    this.type = type;
    this.sends = sends;
    this.receives = receives;
    this.implemented = implemented;
}

/**
 * The type with this number.
 *
 * @throws IllegalArgumentException when there is none
 */
public static SocketType type(int type) {
    for (SocketType each : ALL) {
        if (each.type == type) {
            return each;
        }
    }
    throw new IllegalArgumentException("no socket type has the number " + type);
}

/** The number that all languages share. */
public int type() {
    return type;
}

/** Whether an application may send on it. */
public boolean sends() {
    return sends;
}

/** Whether an application may receive on it. */
public boolean receives() {
    return receives;
}

/** Whether the engine implements it. */
public boolean implemented() {
    return implemented;
}"#;

struct OptionEnum {
    name: &'static str,
    doc: &'static str,
    rows: fn() -> Vec<&'static OptionRow>,
}

const SOCKET: OptionEnum = OptionEnum {
    name: "SocketOption",
    doc: "What can be set or read on a socket, under libzmq's names.",
    rows: || SocketOption::ALL.iter().map(|each| each.row()).collect(),
};

const CONTEXT: OptionEnum = OptionEnum {
    name: "ContextOption",
    doc: "What can be set or read on a context, under libzmq's names.",
    rows: || ContextOption::ALL.iter().map(|each| each.row()).collect(),
};

fn option_enum(each: &OptionEnum) -> String {
    let mut page = page();
    page.doc(Doc::Block, each.doc);
    page.block(format!("public enum {} {{", each.name), "}", |page| {
        let constant = |row: &OptionRow| {
            let (name, id, kind) = (row.name.to_uppercase(), row.id, value_class(row.kind));
            let flags = format!("{}, {}, {}", row.readable, row.writable, row.implemented);
            (format!("{name}({id}, {kind}.class, {flags})"), option_doc(row))
        };
        constants(page, &(each.rows)().into_iter().map(constant).collect::<Vec<_>>());
        page.lines(&OPTION_BODY.replace("OptionEnum", each.name));
    });
    page.into_text()
}

const OPTION_BODY: &str = r#"private final int id;
private final Class<?> valueType;
private final boolean readable;
private final boolean writable;
private final boolean implemented;

OptionEnum(int id, Class<?> valueType, boolean readable, boolean writable, boolean implemented) {
    this.id = id;
    this.valueType = valueType;
    this.readable = readable;
    this.writable = writable;
    this.implemented = implemented;
}

/** The number that all languages share. */
public int id() {
    return id;
}

/** The class of its values: Boolean, Integer, Long, String or byte[]. */
public Class<?> valueType() {
    return valueType;
}

/** Whether it can be read. */
public boolean readable() {
    return readable;
}

/** Whether it can be set. */
public boolean writable() {
    return writable;
}

/** Whether the engine implements it; using any other fails with ENOTSUP. */
public boolean implemented() {
    return implemented;
}"#;

fn value_class(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Bool => "Boolean",
        ValueKind::Int | ValueKind::Fd => "Integer",
        ValueKind::Int64 | ValueKind::Uint64 => "Long",
        ValueKind::Bytes => "byte[]",
        ValueKind::Text => "String",
    }
}

fn error_code() -> String {
    let mut page = page();
    page.doc(Doc::Block, "What went wrong: the errors of all languages, under their POSIX or ZeroMQ names.");
    page.block("public enum ErrorCode {", "}", |page| {
        let rows = ErrorCode::ALL.iter().map(|each| each.row());
        let constant = |row: &ohmq_spec::ErrorRow| {
            (format!("{}({}, {:?})", row.name, row.errno, row.message), row.doc.to_owned())
        };
        constants(page, &rows.map(constant).collect::<Vec<_>>());
        page.lines(ERROR_BODY);
    });
    page.into_text()
}

const ERROR_BODY: &str = r#"private static final java.util.Map<Integer, ErrorCode> BY_CODE = new java.util.HashMap<>();

static {
    for (ErrorCode each : values()) {
        BY_CODE.put(each.code, each);
    }
}

private final int code;
private final String message;

ErrorCode(int code, String message) {
    this.code = code;
    this.message = message;
}

/** The error with this number; null when there is none. */
public static ErrorCode findByCode(int code) {
    return BY_CODE.get(code);
}

/** The number that all languages share. */
public int getCode() {
    return code;
}

/** The text shown to people. */
public String getMessage() {
    return message;
}"#;

fn exception() -> String {
    let mut page = page();
    page.doc(Doc::Block, &javadoc(EXCEPTION_DOC));
    page.block("public class ZMQException extends RuntimeException {", "}", |page| {
        page.lines(EXCEPTION_BODY);
        page.block(EXCEPTION_FACTORY, "}", |page| {
            page.block("return switch (code) {", "};", |page| {
                for each in ErrorCode::ALL {
                    let (errno, class) = (each.errno(), each.class_name());
                    page.line(format!("case {errno} -> new {class}(message, operation, subject);"));
                }
                page.line("default -> new ZMQException(code, message, operation, subject);");
            });
        });
        ErrorCode::ALL.iter().for_each(|each| exception_class(page, each.row()));
    });
    page.into_text()
}

fn exception_class(page: &mut Page, row: &ohmq_spec::ErrorRow) {
    let class = row.class_name;
    page.blank();
    page.doc(Doc::Block, &javadoc(&format!("`{}`: {}", row.name, row.doc)));
    page.block(format!("public static final class {class} extends ZMQException {{"), "}", |page| {
        page.lines("private static final long serialVersionUID = 1L;\n\n");
        page.block(format!("{class}(String message, String operation, String subject) {{"), "}", |page| {
            page.line(format!("super({}, message, operation, subject);", row.errno));
        });
    });
}

const EXCEPTION_DOC: &str = "A call that failed: the code of the error, what was tried, and on what. Each code has a \
    class of its own, so `catch` can name one.";

const EXCEPTION_BODY: &str = r#"private static final long serialVersionUID = 1L;

private final int code;
private final String operation;
private final String subject;

ZMQException(int code, String message, String operation, String subject) {
    super(message);
    this.code = code;
    this.operation = operation;
    this.subject = subject;
}

/** The number of the error, as libzmq's errno has it. */
public int getErrorCode() {
    return code;
}

/** The error; null for a number that is not in the table. */
public ErrorCode getError() {
    return ErrorCode.findByCode(code);
}

/** What was tried: bind, send, set and so on. */
public String getOperation() {
    return operation;
}

/** On what it was tried: an endpoint, an option, a socket type. */
public String getSubject() {
    return subject;
}

/** An exception that this layer itself raises. */
static ZMQException of(ErrorCode error, String operation, String subject) {
    String what = subject.isEmpty() ? operation : operation + " " + subject;
    String message = error.name() + ": " + error.getMessage() + " (" + what + ")";
    return of(error.getCode(), message, operation, subject);
}

/** An exception of the class that belongs to the code. The native library calls it. */"#;

const EXCEPTION_FACTORY: &str =
    "static ZMQException of(int code, String message, String operation, String subject) {";

const ACCESSORS_HEAD: &str = r#"/**
 * The options of a socket as typed getters and setters, under JeroMQ's names where JeroMQ has one. They are all made of two methods.
 * Setters answer true, as in JeroMQ; a value that is refused raises an exception.
 */"#;

const ACCESSORS_BODY: &str = r#"/**
 * Reads an option.
 *
 * @return a Boolean, Integer, Long, String or byte[]
 */
Object getSocketOption(SocketOption option);

/** Sets an option to a Boolean, Integer, Long, String or byte[]. */
void setSocketOption(SocketOption option, Object value);"#;

fn accessors() -> String {
    let mut page = page();
    page.lines(ACCESSORS_HEAD);
    page.block("public interface SocketOptions {", "}", |page| {
        page.lines(ACCESSORS_BODY);
        words::property_rows(&BY_HAND).for_each(|row| accessor(page, row));
    });
    page.into_text()
}

fn accessor(page: &mut Page, row: &OptionRow) {
    let name = row.java_name.map_or_else(|| upper_camel(row.long_name), str::to_owned);
    let (constant, doc) = (row.name.to_uppercase(), javadoc(&option_doc(row)));
    let (kind, read) = java_value(row.kind);
    let read = read.replace('#', &format!("getSocketOption(SocketOption.{constant})"));
    let mut method = |head: String, body: &[&str]| {
        page.blank();
        page.doc(Doc::Block, &doc);
        page.block(format!("default {head} {{"), "}", |page| body.iter().for_each(|line| page.line(line)));
    };
    if row.readable {
        method(format!("{kind} get{name}()"), &[&format!("return {read};")]);
    }
    if row.readable && row.kind == ValueKind::Bool {
        method(format!("boolean is{name}()"), &[&format!("return get{name}();")]);
    }
    if row.writable {
        let set = format!("setSocketOption(SocketOption.{constant}, value);");
        method(format!("boolean set{name}({kind} value)"), &[&set, "return true;"]);
    }
}

/// The type of a value, and how it is taken out of the object `#`.
fn java_value(kind: ValueKind) -> (&'static str, &'static str) {
    match kind {
        ValueKind::Bool => ("boolean", "Boolean.TRUE.equals(#)"),
        ValueKind::Int | ValueKind::Fd => ("int", "((Number) #).intValue()"),
        ValueKind::Int64 | ValueKind::Uint64 => ("long", "((Number) #).longValue()"),
        ValueKind::Bytes => ("byte[]", "(byte[]) #"),
        ValueKind::Text => ("String", "(String) #"),
    }
}

/// A sentence as javadoc reads it: code in braces, no stray markup.
fn javadoc(doc: &str) -> String {
    let escaped = doc.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let pieces = escaped.split('`').enumerate();
    pieces.map(|(at, text)| if at % 2 == 1 { format!("{{@code {text}}}") } else { text.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javadoc_marks_code_and_escapes_markup() {
        assert_eq!(javadoc("Uses `EAGAIN` & <b>."), "Uses {@code EAGAIN} &amp; &lt;b&gt;.");
    }

    #[test]
    fn accessors_have_jeromqs_names() {
        let text = accessors();
        for name in [
            "int getSndHWM()",
            "boolean setReceiveTimeOut(int",
            "byte[] getIdentity()",
            "setTCPKeepAliveIdle(",
        ] {
            assert!(text.contains(name), "{name}");
        }
        assert!(!text.contains("getRouterMandatory") && !text.contains("setLastEndpoint"));
    }
}
