//! The methods of the Python package are made from the catalogue. `CLOUDMESH_WRITE_DOCUMENTS=1` writes them anew;
//! without it the test says which file is out of date.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const MADE: &str =
    "# Made from the catalogue of operations; do not edit. crates/cm/tests/python_package.rs tells how.\n";

fn operations() -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_cm")).arg("catalogue").output().unwrap();
    let catalogue: Value = serde_json::from_slice(&output.stdout).unwrap();
    catalogue["operations"].as_array().unwrap().clone()
}

/// A name that Python takes.
fn identifier(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
        "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "self",
    ];
    let name = name.replace('-', "_");
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// `server_address` as `ServerAddress`.
fn class(name: &str) -> String {
    name.split(['_', '.'])
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .map(Option::unwrap_or_default)
        .collect()
}

/// What Python makes of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Texts,
    Integer,
    Number,
    Flag,
}

struct Field {
    name: String,
    kind: Kind,
    required: bool,
    positional: Option<usize>,
    about: String,
}

struct Method<'a> {
    operation: &'a Value,
    fields: Vec<Field>,
}

fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolve(root.pointer(reference.trim_start_matches('#')).unwrap(), root);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let real = choices.iter().find(|choice| choice["type"] != "null").unwrap();
            return resolve(real, root);
        }
    }
    if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
        return resolve(only, root);
    }
    schema
}

fn kind_of(schema: &Value, root: &Value) -> Kind {
    let schema = resolve(schema, root);
    let is = |name: &str| {
        schema["type"] == name
            || schema["type"].as_array().is_some_and(|types| types.iter().any(|one| one == name))
    };
    match () {
        () if is("boolean") => Kind::Flag,
        () if is("integer") => Kind::Integer,
        () if is("number") => Kind::Number,
        () if is("array") => Kind::Texts,
        () if is("string") || schema["enum"].is_array() || schema.get("const").is_some() => Kind::Text,
        () => panic!("no Python type is known for {schema}"),
    }
}

fn method(operation: &Value) -> Method<'_> {
    let root = &operation["input"];
    let input = resolve(root, root);
    let positionals: Vec<&str> =
        operation["positionals"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let required: Vec<&str> =
        input["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let none = serde_json::Map::new();
    let properties = input["properties"].as_object().unwrap_or(&none);
    let mut fields: Vec<Field> = properties
        .iter()
        // The prompt has some fields twice, as a word and as an option.
        .filter(|(name, _)| name.strip_suffix("_option").is_none_or(|word| !properties.contains_key(word)))
        .map(|(name, schema)| Field {
            name: name.clone(),
            kind: kind_of(schema, root),
            required: required.contains(&name.as_str()),
            positional: positionals.iter().position(|positional| positional == name),
            about: schema["description"].as_str().unwrap_or_default().replace('\n', " "),
        })
        .collect();
    // Words come first, in their order; among options those that must be given.
    fields.sort_by_key(|field| (field.positional.unwrap_or(usize::MAX), !field.required, field.name.clone()));
    Method { operation, fields }
}

/// The arguments around an input: name, default, type, help.
fn around(kind: &str) -> &'static [(&'static str, &'static str, &'static str, &'static str)] {
    match kind {
        "query" => &[("refresh", "False", "bool", "Ask the places again before answering")],
        "change" => &[
            ("dryrun", "False", "bool", "Return the plan, kept for `apply`; do nothing else"),
            ("yes", "False", "bool", "What this destroys is confirmed"),
            (
                "wait",
                "None",
                "bool | None",
                "Wait for the final state, too; with False return a handle at once",
            ),
            ("progress", "True", "bool", "Show how far it is"),
        ],
        _ => &[],
    }
}

impl Method<'_> {
    fn name(&self) -> &str {
        self.operation["name"].as_str().unwrap()
    }

    fn kind(&self) -> &str {
        self.operation["kind"].as_str().unwrap()
    }

    fn verb(&self) -> String {
        identifier(self.name().rsplit('.').next().unwrap())
    }

    /// The parameters; with types for a stub.
    fn parameters(&self, types: bool, settled: &[(&str, &str)]) -> String {
        let mut words = vec!["self".to_owned()];
        let (mut keywords, mut optional) = (false, false);
        for field in &self.fields {
            // A word that must be given cannot come after one that need not.
            let plain = field.positional.is_some() && !(field.required && optional);
            optional |= !field.required;
            if !plain && !std::mem::replace(&mut keywords, true) {
                words.push("*".to_owned());
            }
            let name = identifier(&field.name);
            let of = match field.kind {
                Kind::Text => "Text",
                Kind::Texts => "Texts",
                Kind::Integer => "int",
                Kind::Number => "float",
                Kind::Flag => "bool",
            };
            words.push(match (types, field.required, field.kind) {
                (false, true, _) => name,
                (false, false, Kind::Flag) => format!("{name}=False"),
                (false, false, _) => format!("{name}=None"),
                (true, true, _) => format!("{name}: {of}"),
                (true, false, Kind::Flag) => format!("{name}: bool = False"),
                (true, false, _) => format!("{name}: {of} | None = None"),
            });
        }
        let around = around(self.kind());
        if !around.is_empty() && !keywords {
            words.push("*".to_owned());
        }
        for (name, usual, of, _) in around {
            let settled = settled.iter().find(|(settled, _)| settled == name).map(|(_, of)| *of);
            words.push(match (types, settled) {
                (false, _) => format!("{name}={usual}"),
                (true, Some(of)) => format!("{name}: {of}"),
                (true, None) => format!("{name}: {of} = ..."),
            });
        }
        words.join(", ")
    }

    fn call(&self) -> String {
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let name = identifier(&field.name);
                let value = match field.kind {
                    Kind::Text => format!("text({name})"),
                    Kind::Texts => format!("texts({name})"),
                    Kind::Integer | Kind::Number | Kind::Flag => name,
                };
                format!("\"{}\": {value}", field.name)
            })
            .collect();
        let mut arguments = vec![
            "self._mesh".to_owned(),
            format!("\"{}\"", self.name()),
            format!("{{{}}}", fields.join(", ")),
        ];
        arguments.extend(around(self.kind()).iter().map(|(name, ..)| (*name).to_owned()));
        arguments.join(", ")
    }

    fn example(&self) -> Vec<String> {
        let examples = self.operation["examples"].as_array().unwrap();
        examples
            .iter()
            .map(|example| {
                let mut words = Vec::new();
                let mut bare = true;
                for field in &self.fields {
                    let value = &example["input"][&field.name];
                    bare &= field.positional.is_some() && !value.is_null();
                    if value.is_null() {
                        continue;
                    }
                    let value = value.to_string().replace("true", "True").replace("\",\"", "\", \"");
                    words.push(if bare { value } else { format!("{}={value}", identifier(&field.name)) });
                }
                for name in ["refresh", "dryrun", "yes"] {
                    if example[name] == true {
                        words.push(format!("{name}=True"));
                    }
                }
                format!("mesh.{}({})", self.name(), words.join(", "))
            })
            .collect()
    }

    fn docstring(&self, indent: &str) -> String {
        let help = self.operation["help"].as_str().unwrap().trim();
        let (first, rest) = help.split_once('\n').unwrap_or((help, ""));
        let stop = if first.ends_with('.') { "" } else { "." };
        let mut text = format!("{indent}\"\"\"{first}{stop}\n");
        for line in rest.trim().lines() {
            let _ = writeln!(text, "{}", format!("{indent}{line}").trim_end());
        }
        let fields = self.fields.iter().map(|field| (identifier(&field.name), field.about.as_str()));
        let around = around(self.kind()).iter().map(|(name, _, _, about)| ((*name).to_owned(), *about));
        let all: Vec<(String, &str)> = fields.chain(around).collect();
        if !all.is_empty() {
            let _ = write!(text, "\n{indent}Args:\n");
            for (name, about) in all {
                let _ = writeln!(text, "{indent}    {name}: {about}.");
            }
        }
        let _ = write!(text, "\n{indent}Examples:\n");
        for example in self.example() {
            let _ = writeln!(text, "{indent}    >>> {example}");
        }
        text.push_str(&format!("{indent}\"\"\"\n"));
        text.replace('\\', "\\\\")
    }

    fn code(&self, text: &mut String, asynchronous: bool) {
        let kind = self.kind();
        let awaited = asynchronous && kind != "stream";
        let (begin, run) =
            if awaited { ("async def", format!("await async_{kind}")) } else { ("def", kind.to_owned()) };
        let _ = write!(
            text,
            "\n    {begin} {}({}):\n{}        return {run}({})\n",
            self.verb(),
            self.parameters(false, &[]),
            self.docstring("        "),
            self.call()
        );
    }

    fn stub(&self, text: &mut String, asynchronous: bool) {
        let kind = self.kind();
        let begin = if asynchronous && kind != "stream" { "async def" } else { "def" };
        let mut write = |parameters: String, answer: &str, overload: bool| {
            let overload = if overload { "    @overload\n" } else { "" };
            let _ = writeln!(text, "{overload}    {begin} {}({parameters}) -> {answer}: ...", self.verb());
        };
        match kind {
            "query" => {
                let row = class(self.operation["rows"]["noun"].as_str().unwrap());
                write(self.parameters(true, &[]), &format!("Table[{row}Row]"), false);
            }
            "change" => {
                let plan = [("dryrun", "Literal[True]")];
                write(self.parameters(true, &plan), "Plan", true);
                let handle = [("dryrun", "Literal[False] = ..."), ("wait", "Literal[False]")];
                write(self.parameters(true, &handle), "Handle", true);
                let outcome = [("dryrun", "Literal[False] = ..."), ("wait", "Literal[True] | None = ...")];
                write(self.parameters(true, &outcome), "Outcome", true);
                write(self.parameters(true, &[]), "Plan | Handle | Outcome", true);
            }
            "setting" => write(self.parameters(true, &[]), "str", false),
            "stream" => write(self.parameters(true, &[]), "Stream", false),
            "session" => write(self.parameters(true, &[]), "Attachment", false),
            other => panic!("{other} is no kind"),
        }
    }
}

/// The methods by the class that they belong to: `` for those of the mesh itself, `vm`, `vm.ip`.
fn classes(operations: &[Value]) -> BTreeMap<String, Vec<Method<'_>>> {
    let mut classes: BTreeMap<String, Vec<Method<'_>>> = BTreeMap::new();
    for operation in operations {
        let method = method(operation);
        let noun = method.name().rsplit_once('.').map_or("", |(noun, _)| noun).to_owned();
        // A noun within a noun hangs on it, even where that has no verb of its own.
        let mut outer = noun.as_str();
        while let Some((before, _)) = outer.rsplit_once('.') {
            classes.entry(before.to_owned()).or_default();
            outer = before;
        }
        classes.entry(noun).or_default().push(method);
    }
    classes.entry(String::new()).or_default();
    classes
}

fn inner<'a>(noun: &str, classes: &'a BTreeMap<String, Vec<Method<'_>>>) -> Vec<&'a str> {
    let belongs =
        |name: &&str| !name.is_empty() && name.rsplit_once('.').map_or("", |(outer, _)| outer) == noun;
    classes.keys().map(String::as_str).filter(belongs).collect()
}

fn class_name(noun: &str, asynchronous: bool) -> String {
    let prefix = if asynchronous { "Async" } else { "" };
    if noun.is_empty() { format!("{prefix}Operations") } else { format!("{prefix}{}Operations", class(noun)) }
}

fn code(operations: &[Value], asynchronous: bool) -> String {
    let kinds = ["change", "query", "session", "setting"];
    let mut imports: Vec<String> = kinds
        .iter()
        .map(|kind| if asynchronous { format!("async_{kind}") } else { (*kind).to_owned() })
        .collect();
    imports.extend(["stream".to_owned(), "text".to_owned(), "texts".to_owned()]);
    imports.sort();
    let mut text = format!(
        "{MADE}\"\"\"The operations as methods.\"\"\"\n\nfrom ._core import {}\n",
        imports.join(", ")
    );
    let classes = classes(operations);
    for (noun, methods) in classes.iter().rev() {
        let _ = write!(text, "\n\nclass {}:\n", class_name(noun, asynchronous));
        let what = if noun.is_empty() {
            "All operations".to_owned()
        } else {
            format!("`{noun}`", noun = noun.replace('.', " "))
        };
        let _ = writeln!(text, "    \"\"\"{what}.\"\"\"");
        if noun.is_empty() {
            text.push_str("\n    @property\n    def _mesh(self):\n        return self\n");
        } else {
            text.push_str("\n    __slots__ = (\"_mesh\",)\n\n    def __init__(self, mesh):\n        self._mesh = mesh\n");
        }
        for name in inner(noun, &classes) {
            let attribute = identifier(name.rsplit('.').next().unwrap());
            let inner = class_name(name, asynchronous);
            let _ = write!(
                text,
                "\n    @property\n    def {attribute}(self):\n        \"\"\"`{}`.\"\"\"\n        return {inner}(self._mesh)\n",
                name.replace('.', " ")
            );
        }
        for method in methods {
            method.code(&mut text, asynchronous);
        }
    }
    text
}

fn rows(operations: &[Value]) -> String {
    let mut text = String::new();
    let mut seen: BTreeMap<String, &Value> = BTreeMap::new();
    for operation in operations {
        if let Some(noun) = operation["rows"]["noun"].as_str() {
            seen.insert(class(noun), &operation["rows"]["columns"]);
        }
    }
    for (name, columns) in seen {
        let _ = write!(text, "\nclass {name}Row(Row):\n");
        for column in columns.as_array().unwrap() {
            let of = match column["kind"].as_str().unwrap() {
                "integer" => "int | None",
                "flag" => "bool | None",
                "list" => "builtins.list[str]",
                _ => "str | None",
            };
            let name = column["name"].as_str().unwrap();
            // Such a column is there in brackets only: `row["from"]`.
            if identifier(name) != name {
                continue;
            }
            let _ = writeln!(text, "    @property\n    def {name}(self) -> {of}: ...");
        }
    }
    text
}

fn stub(operations: &[Value], asynchronous: bool) -> String {
    let mut text = format!(
        "{MADE}import builtins\nfrom typing import Literal, overload\n\nfrom ._core import Attachment, Handle, Outcome, Plan, Row, Stream, Table, Text, Texts\n"
    );
    if asynchronous {
        let names: std::collections::BTreeSet<String> = operations
            .iter()
            .filter_map(|operation| operation["rows"]["noun"].as_str().map(|noun| class(noun) + "Row"))
            .collect();
        let names: Vec<String> = names.into_iter().collect();
        let _ = writeln!(text, "from ._operations import {}", names.join(", "));
        text = text.replace("import builtins\n", "").replace("Plan, Row, ", "Plan, ");
    } else {
        text.push_str(&rows(operations));
    }
    let classes = classes(operations);
    for (noun, methods) in classes.iter().rev() {
        let _ = write!(text, "\nclass {}:\n", class_name(noun, asynchronous));
        for name in inner(noun, &classes) {
            let attribute = identifier(name.rsplit('.').next().unwrap());
            let _ = write!(
                text,
                "    @property\n    def {attribute}(self) -> {}: ...\n",
                class_name(name, asynchronous)
            );
        }
        for method in methods {
            method.stub(&mut text, asynchronous);
        }
    }
    text
}

#[test]
fn the_methods_are_those_of_the_catalogue() {
    let operations = operations();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("python/cloudmesh");
    let mut stale = Vec::new();
    for (name, text) in [
        ("_operations.py", code(&operations, false)),
        ("_operations.pyi", stub(&operations, false)),
        ("_async_operations.py", code(&operations, true)),
        ("_async_operations.pyi", stub(&operations, true)),
    ] {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).unwrap_or_default() == text {
            continue;
        }
        if std::env::var_os("CLOUDMESH_WRITE_DOCUMENTS").is_some() {
            std::fs::write(&path, text).unwrap();
        } else {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "out of date: {stale:?}; CLOUDMESH_WRITE_DOCUMENTS=1 cargo test -p cm --test python_package writes them anew"
    );
}
