//! What `strace` saw: every program that was started, and every byte that was written.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::{Origin, Place, Trace, short};

/// What has to be asked of `strace` for [`read`] to understand it. The last bytes of a longer write are lost to it.
pub const OPTIONS: [&str; 10] = [
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-y",
    "-xx",
    "-v",
    "-s16777216",
    "--signal=none",
    "-etrace=execve,write,pwrite64,writev,pwritev,fork,vfork,clone,clone3",
    "-o",
];

/// Reads the log of one test.
///
/// Bytes that went into a pipe or a socket are left out: they were handed to somebody, and what becomes of them there
/// is seen there. So is what went into files below `apart`.
///
/// # Errors
/// When the log cannot be read.
pub fn read(log: impl BufRead, test: &str, apart: &str) -> io::Result<Vec<Trace>> {
    let mut reader = Reader { test, apart, programs: HashMap::new(), order: Vec::new(), bytes: HashMap::new() };
    for line in log.split(b'\n') {
        reader.line(&line?);
    }
    let Reader { order, mut bytes, .. } = reader;
    Ok(order.into_iter().filter_map(|origin| Some(Trace { bytes: bytes.remove(&origin)?, origin })).collect())
}

struct Reader<'a> {
    test: &'a str,
    apart: &'a str,
    programs: HashMap<u32, String>,
    order: Vec<Origin>,
    bytes: HashMap<Origin, Vec<u8>>,
}

impl Reader<'_> {
    fn line(&mut self, line: &[u8]) {
        let Some((process, call)) = split(line, b' ') else { return };
        let Some(process) = number(process) else { return };
        let call = call.trim_ascii_start();
        if let Some(rest) = call.strip_prefix(b"execve(") {
            self.started(process, rest);
        } else if ["write(", "pwrite64(", "writev(", "pwritev("].iter().any(|it| call.starts_with(it.as_bytes())) {
            let Some((_, rest)) = split(call, b'(') else { return };
            self.written(process, rest);
        } else if [&b"clone"[..], b"fork", b"vfork", b"<... clone", b"<... fork", b"<... vfork"]
            .iter()
            .any(|it| call.starts_with(it))
        {
            // The answer is the child, which goes on as what its parent is.
            let answer = call.rsplit(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
            if let (Some(child), Some(program)) = (number(answer), self.programs.get(&process)) {
                let program = program.clone();
                self.programs.entry(child).or_insert(program);
            }
        }
    }

    fn started(&mut self, process: u32, rest: &[u8]) {
        // Program, arguments, environment: a string and two lists of strings.
        let Some((program, rest)) = string(rest) else { return };
        let Some((arguments, environment)) = split(rest, b']') else { return };
        let program = short(&String::from_utf8_lossy(&program));
        // Most of an environment is inherited: what is the same is searched once.
        for (place, list) in [(Place::Argument, arguments), (Place::Environment, environment)] {
            let mut all = Vec::new();
            let mut rest = list;
            while let Some((text, more)) = string(rest) {
                all.extend(text);
                all.push(b'\n');
                rest = more;
            }
            let origin = self.origin(program.clone(), place, String::new());
            let known = self.entry(origin);
            if !contains(known, &all) {
                known.extend(all);
            }
        }
        self.programs.insert(process, program);
    }

    fn written(&mut self, process: u32, rest: &[u8]) {
        let Some((descriptor, rest)) = split(rest, b'<') else { return };
        let Some((target, rest)) = split(rest, b'>') else { return };
        let name = String::from_utf8_lossy(&unescaped(target)).into_owned();
        let (place, name) = match number(descriptor) {
            Some(1) if !is_file(&name) => (Place::Output, "stdout".into()),
            Some(2) if !is_file(&name) => (Place::Output, "stderr".into()),
            _ if is_file(&name) && !is_below(&name, self.apart) => (Place::File, name),
            _ => return,
        };
        let program = self.programs.get(&process).cloned().unwrap_or_else(|| "unknown".into());
        let origin = self.origin(program, place, name);
        let known = self.entry(origin);
        let mut rest = rest;
        while let Some((text, more)) = string(rest) {
            known.extend(text);
            rest = more;
        }
    }

    fn origin(&self, program: String, place: Place, name: String) -> Origin {
        Origin { test: self.test.into(), program, place, name }
    }

    fn entry(&mut self, origin: Origin) -> &mut Vec<u8> {
        if !self.bytes.contains_key(&origin) {
            self.order.push(origin.clone());
        }
        self.bytes.entry(origin).or_default()
    }
}

/// A file by its path: pipes and sockets have none, and memory and devices keep nothing.
fn is_file(name: &str) -> bool {
    let kept = name.starts_with("/dev/shm/") || !name.starts_with("/dev/");
    name.starts_with('/') && kept && !name.starts_with("/memfd:") && !name.starts_with("/proc/")
}

fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The next text between quotes, and what follows it.
fn string(rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (_, rest) = split(rest, b'"')?;
    let (text, rest) = split(rest, b'"')?;
    Some((unescaped(text), rest))
}

/// Takes back `\x41`, which is how everything is written with `-xx`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |it: &[u8; 4]| match it {
        [b'\\', b'x', high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
        _ => None,
    };
    let (quads, _) = text.as_chunks::<4>();
    quads.iter().filter_map(byte).collect()
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let index = text.iter().position(|byte| *byte == at)?;
    Some((text.get(..index)?, text.get(index + 1..)?))
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

fn contains(known: &[u8], part: &[u8]) -> bool {
    part.is_empty() || known.len() >= part.len() && known.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    #[test]
    fn each_byte_is_put_where_it_went() {
        let (sh, path, pipe) = (hex("/bin/sh"), hex("/tmp/x/key"), hex("pipe:[12]"));
        let log = format!(
            "10 execve(\"{sh}\", [\"{sh}\", \"{}\"], [\"{}\"]) = 0\n\
             10 clone3({{flags=0}} => {{parent_tid=[11]}}, 88) = 11\n\
             11 write(3<{path}>, \"{}\", 3) = 3\n\
             10 write(1<{pipe}>, \"{}\", 2 <unfinished ...>\n\
             11 writev(3<{path}>, [{{iov_base=\"{}\", iov_len=1}}, {{iov_base=\"{}\", iov_len=1}}], 2) = 2\n\
             10 write(5<{pipe}>, \"{}\", 2) = 2\n\
             10 write(6<{}>, \"{}\", 2) = 2\n",
            hex("-c"),
            hex("A=b"),
            hex("abc"),
            hex("hi"),
            hex("d"),
            hex("e"),
            hex("no"),
            hex("/traces/told"),
            hex("no")
        );
        let traces = read(log.as_bytes(), "t", "/traces").unwrap();
        let seen: Vec<_> = traces
            .iter()
            .map(|it| (it.origin.place, it.origin.program.as_str(), it.origin.name.as_str(), it.bytes.as_slice()))
            .collect();
        let expected: [(_, &str, &str, &[u8]); 4] = [
            (Place::Argument, "sh", "", b"/bin/sh\n-c\n"),
            (Place::Environment, "sh", "", b"A=b\n"),
            (Place::File, "sh", "/tmp/x/key", b"abcde"),
            (Place::Output, "sh", "stdout", b"hi"),
        ];
        assert_eq!(seen, expected);
    }
}
