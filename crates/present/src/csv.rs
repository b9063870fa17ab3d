//! CSV as RFC 4180 has it: a header, CRLF, quotes where they are needed.

/// Writes a record.
pub(crate) fn record<'a>(values: impl Iterator<Item = &'a str>, out: &mut String) {
    for (number, value) in values.enumerate() {
        if number > 0 {
            out.push(',');
        }
        field(value, out);
    }
    out.push_str("\r\n");
}

fn field(value: &str, out: &mut String) {
    let quotes = value.bytes().fold(false, |any, byte| any | matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if !quotes {
        out.push_str(value);
        return;
    }
    out.push('"');
    for (number, part) in value.split('"').enumerate() {
        if number > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes_gets_them() {
        let mut out = String::new();
        record(["plain", "a,b", "say \"hi\"", "two\nlines", ""].into_iter(), &mut out);
        assert_eq!(out, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n");
    }
}
