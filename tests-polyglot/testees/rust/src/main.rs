//! The Rust actor of the conformance scenarios. The protocol is in tests-polyglot/README.md.
#![forbid(unsafe_code)]

mod part;
mod service;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use ohmq::{
    Context, ContextOption, Error, ErrorCode, Message, OptionValue, Socket, SocketOption, SocketType,
};
use serde_json::{Map, Value, json};

use crate::service::Service;

/// Why a request failed.
#[derive(Debug)]
enum Failure {
    /// The SDK's own typed error.
    Sdk(Error),
    /// The request is not one of the protocol.
    Request(String),
    /// Anything else.
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sdk(error)
    }
}

impl Failure {
    fn fields(&self) -> Value {
        match self {
            Self::Sdk(error) => json!({"error": error.code().name(), "message": error.to_string()}),
            Self::Request(text) => json!({"error": "UNSUPPORTED", "message": text}),
            Self::Other(text) => json!({"error": "EXCEPTION", "message": text}),
        }
    }
}

type Answer = Result<Value, Failure>;

fn main() -> std::io::Result<()> {
    let mut testee = Testee::default();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let mut answer = match testee.answer(&request) {
            Ok(value) => json!({"ok": value}),
            Err(failure) => failure.fields(),
        };
        answer["id"] = request["id"].clone();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    // Whatever is still open is given up, as the protocol says.
    std::process::exit(0);
}

#[derive(Default)]
struct Testee {
    contexts: HashMap<String, Context>,
    sockets: HashMap<String, Socket>,
    services: HashMap<String, Service>,
}

impl Testee {
    fn answer(&mut self, request: &Value) -> Answer {
        match text(request, "op")? {
            "hello" => Ok(hello()),
            op @ ("context" | "context_set" | "context_get" | "shutdown" | "term") => {
                self.on_context(op, request)
            }
            "socket" => self.open(request),
            "service" => {
                let service = Service::start(self.socket(request)?.clone(), request)?;
                self.services.insert(text(request, "socket")?.to_owned(), service);
                Ok(Value::Null)
            }
            "report" => Ok(self.service(request)?.report_within(limit(request).unwrap_or_default())),
            "stop" => self.service(request)?.stop(),
            op => on_socket(op, self.socket(request)?, request),
        }
    }

    fn on_context(&mut self, op: &str, request: &Value) -> Answer {
        let name = text(request, "context")?;
        if op == "context" {
            self.contexts.insert(name.to_owned(), Context::new());
            return Ok(Value::Null);
        }
        let context =
            self.contexts.get(name).ok_or_else(|| Failure::Request(format!("no context {name}")))?;
        match op {
            "context_set" => {
                let option = context_option(request, ContextOption::from_id_for_set)?;
                let value = request["value"].as_i64().and_then(|value| i32::try_from(value).ok());
                context.set(option, value.ok_or_else(|| Failure::Request("value".to_owned()))?)?;
            }
            "context_get" => {
                return Ok(json!(context.get(context_option(request, ContextOption::from_id_for_get)?)?));
            }
            "shutdown" => context.shutdown(),
            _ => context.term()?,
        }
        Ok(Value::Null)
    }

    fn open(&mut self, request: &Value) -> Answer {
        let name = text(request, "context")?;
        let context =
            self.contexts.get(name).ok_or_else(|| Failure::Request(format!("no context {name}")))?;
        let kind = match &request["type"] {
            Value::String(name) => SocketType::from_name(name.as_bytes()),
            number => number.as_i64().and_then(|id| SocketType::from_id(i32::try_from(id).ok()?)),
        };
        let kind =
            kind.ok_or_else(|| Error::new(ErrorCode::Einval, "socket", request["type"].to_string()))?;
        let socket = context.socket(kind)?;
        for (option, value) in request["options"].as_object().unwrap_or(&Map::new()) {
            socket.set(socket_option(&json!(option))?, value_in(value)?)?;
        }
        self.sockets.insert(text(request, "socket")?.to_owned(), socket);
        Ok(Value::Null)
    }

    fn socket(&self, request: &Value) -> Result<&Socket, Failure> {
        let name = text(request, "socket")?;
        self.sockets.get(name).ok_or_else(|| Failure::Request(format!("no socket {name}")))
    }

    fn service(&mut self, request: &Value) -> Result<&mut Service, Failure> {
        let name = text(request, "socket")?;
        self.services.get_mut(name).ok_or_else(|| Failure::Request(format!("no service on {name}")))
    }
}

fn hello() -> Value {
    let (major, minor, patch) = ohmq::version();
    json!({"actor": "rust", "library": format!("ohmq {major}.{minor}.{patch}"), "pid": std::process::id(),
           "features": ["stats", "log"]})
}

fn on_socket(op: &str, socket: &Socket, request: &Value) -> Answer {
    match op {
        "set" => socket.set(socket_option(&request["option"])?, value_in(&request["value"])?)?,
        "get" => return Ok(value_out(&socket.get(socket_option(&request["option"])?)?)),
        "bind" => return Ok(json!(socket.bind(text(request, "endpoint")?)?)),
        "connect" => socket.connect(text(request, "endpoint")?)?,
        "unbind" => socket.unbind(text(request, "endpoint")?)?,
        "disconnect" => socket.disconnect(text(request, "endpoint")?)?,
        "subscribe" => socket.subscribe(bytes(&request["topic"])?)?,
        "unsubscribe" => socket.unsubscribe(bytes(&request["topic"])?)?,
        "send" => send(socket, request)?,
        "recv" => return Ok(json!({"parts": part::answers(&receive(socket, request)?)})),
        "stats" => {
            return Ok(socket
                .stats()
                .fields()
                .into_iter()
                .map(|(name, count)| (name, json!(count)))
                .collect());
        }
        "close" => close(socket, request),
        "ping" => return ping(socket, request),
        _ => return Err(Failure::Request(format!("operation {op}"))),
    }
    Ok(Value::Null)
}

fn send(socket: &Socket, request: &Value) -> Result<(), Failure> {
    let list = request["parts"].as_array().ok_or_else(|| Failure::Request("parts".to_owned()))?;
    let parts: Option<Vec<Vec<u8>>> = list.iter().map(part::from_request).collect();
    let message = Message::from(parts.ok_or_else(|| Failure::Request("parts".to_owned()))?);
    match limit(request) {
        None => socket.send(message),
        Some(Duration::ZERO) => socket.try_send(message),
        timeout => socket.send_timeout(message, timeout),
    }
    .map_err(|refused| Failure::Sdk(refused.error))
}

fn receive(socket: &Socket, request: &Value) -> Result<Message, Failure> {
    Ok(match limit(request) {
        None => socket.recv(),
        Some(Duration::ZERO) => socket.try_recv(),
        timeout => socket.recv_timeout(timeout),
    }?)
}

fn close(socket: &Socket, request: &Value) {
    if let Some(linger) = request["linger_ms"].as_i64().and_then(|linger| i32::try_from(linger).ok()) {
        // A terminated context refuses it, but the socket must close all the same.
        let _ = socket.set(SocketOption::Linger, linger);
    }
    socket.close();
}

fn ping(socket: &Socket, request: &Value) -> Answer {
    let (count, size) = (number(request, "count")?, number(request, "size")?);
    let payload = part::pattern(0, usize::try_from(size).unwrap_or(0));
    let mut trips = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        socket.send(&payload[..]).map_err(|refused| Failure::Sdk(refused.error))?;
        let reply = socket.recv_timeout(limit(request))?;
        trips.push(started.elapsed().as_secs_f64() * 1e6);
        if reply.frames().last().is_none_or(|body| body.len() != payload.len()) {
            return Err(Failure::Other(format!("reply of another size than {size}")));
        }
    }
    trips.sort_by(f64::total_cmp);
    Ok(json!({"count": count, "median_us": trips.get(trips.len() / 2), "min_us": trips.first()}))
}

/// The request's `timeout_ms`; `None` when it has none.
fn limit(request: &Value) -> Option<Duration> {
    request["timeout_ms"].as_u64().map(Duration::from_millis)
}

fn text<'a>(request: &'a Value, field: &str) -> Result<&'a str, Failure> {
    request[field].as_str().ok_or_else(|| Failure::Request(format!("{field} is missing")))
}

fn number(request: &Value, field: &str) -> Result<u64, Failure> {
    request[field].as_u64().ok_or_else(|| Failure::Request(format!("{field} is missing")))
}

fn bytes(value: &Value) -> Result<Vec<u8>, Failure> {
    value.as_str().and_then(part::unhex).ok_or_else(|| Failure::Request(format!("{value} is not hex")))
}

/// An option by name or number; a number that is no option cannot even be said in Rust.
fn socket_option(option: &Value) -> Result<SocketOption, Failure> {
    let found = match option {
        Value::String(name) => SocketOption::from_name(name),
        number => number.as_i64().and_then(|id| SocketOption::from_id(i32::try_from(id).ok()?)),
    };
    Ok(found.ok_or_else(|| Error::new(ErrorCode::Einval, "option", option.to_string()))?)
}

fn context_option(
    request: &Value,
    by_id: fn(i32) -> Option<ContextOption>,
) -> Result<ContextOption, Failure> {
    let option = &request["option"];
    let found = match option {
        Value::String(name) => ContextOption::from_name(name),
        number => number.as_i64().and_then(|id| by_id(i32::try_from(id).ok()?)),
    };
    Ok(found.ok_or_else(|| Error::new(ErrorCode::Einval, "context option", option.to_string()))?)
}

fn value_in(value: &Value) -> Result<OptionValue, Failure> {
    Ok(match value {
        Value::Bool(switch) => OptionValue::Bool(*switch),
        Value::String(text) => OptionValue::Text(text.clone()),
        Value::Object(_) => OptionValue::Bytes(bytes(&value["hex"])?),
        number => match number.as_i64() {
            Some(number) => i32::try_from(number).map_or(OptionValue::Int64(number), OptionValue::Int),
            None => return Err(Failure::Request(format!("value {value}"))),
        },
    })
}

fn value_out(value: &OptionValue) -> Value {
    match value {
        OptionValue::Bool(switch) => json!(switch),
        OptionValue::Int(number) => json!(number),
        OptionValue::Int64(number) => json!(number),
        OptionValue::Uint64(number) => json!(number),
        OptionValue::Bytes(bytes) => json!({"hex": part::hex(bytes)}),
        OptionValue::Text(text) => json!(text),
    }
}
