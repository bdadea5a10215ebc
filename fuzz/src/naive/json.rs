//! JSON (RFC 8259) with nothing thrown away: members in their order, numbers as they are spelled.

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Digits as they stand.
    Number(String),
    /// A text without its escapes.
    Text(String),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`, every member in its order, names that occur twice included.
    Object(Vec<(String, Json)>),
}

/// Deeper than this is not read; far more than what any reader should take.
const DEEPEST: usize = 200;

/// Reads one document, whole.
pub fn read(bytes: &[u8]) -> Option<Json> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

impl Json {
    /// Returns a member of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Returns the members of an object, and none of anything else.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    fn children(&self) -> Vec<&Json> {
        match self {
            Self::Array(values) => values.iter().collect(),
            Self::Object(members) => members.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    /// Says whether any object within has a name twice.
    pub fn repeats(&self) -> bool {
        let members = self.members();
        let twice = |(at, (name, _)): (usize, &(String, Json))| members[..at].iter().any(|(other, _)| other == name);
        members.iter().enumerate().any(twice) || self.children().into_iter().any(Json::repeats)
    }

    /// Returns an object without a member; nothing if it has no such member.
    pub fn without(&self, name: &str) -> Option<Json> {
        self.get(name)?;
        Some(Self::Object(self.members().iter().filter(|(other, _)| other != name).cloned().collect()))
    }

    /// Writes it without blanks and with the shortest escapes.
    pub fn write(&self) -> String {
        let text = |text: &str| {
            let escaped = |character: char| match character {
                '"' | '\\' => format!("\\{character}"),
                '\u{8}' => "\\b".to_owned(),
                '\u{c}' => "\\f".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\0'..='\x1f' => format!("\\u{:04x}", u32::from(character)),
                _ => character.to_string(),
            };
            format!("\"{}\"", text.chars().map(escaped).collect::<String>())
        };
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(digits) => digits.clone(),
            Self::Text(value) => text(value),
            Self::Array(values) => format!("[{}]", values.iter().map(Json::write).collect::<Vec<_>>().join(",")),
            Self::Object(members) => {
                let member = |(name, value): &(String, Json)| format!("{}:{}", text(name), value.write());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Returns a whole number without sign, fraction or exponent that 64 bits hold.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Self::Number(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Returns a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns 32 bytes as 64 lower-case digits.
    pub fn digest(&self) -> Option<[u8; 32]> {
        let digits = self.text().filter(|text| text.len() == 64)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            for digit in pair {
                *byte = *byte << 4 | b"0123456789abcdef".iter().position(|known| known == digit)? as u8;
            }
        }
        Some(bytes)
    }

    /// Returns how many arrays and objects stand within each other at most.
    pub fn depth(&self) -> usize {
        match self {
            Self::Array(_) | Self::Object(_) => 1 + self.children().into_iter().map(Json::depth).max().unwrap_or(0),
            _ => 0,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn blanks(&mut self) {
        while matches!(self.rest.first(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.next();
        }
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blanks();
        match *self.rest.first()? {
            b'n' => self.eat(b"null").then_some(Json::Null),
            b't' => self.eat(b"true").then_some(Json::Bool(true)),
            b'f' => self.eat(b"false").then_some(Json::Bool(false)),
            b'"' => self.text().map(Json::Text),
            b'[' if depth < DEEPEST => self.array(depth + 1),
            b'{' if depth < DEEPEST => self.object(depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        self.next();
        let mut values = Vec::new();
        self.blanks();
        if self.eat(b"]") {
            return Some(Json::Array(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.blanks();
            match self.next()? {
                b',' => {}
                b']' => return Some(Json::Array(values)),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.next();
        let mut members = Vec::new();
        self.blanks();
        if self.eat(b"}") {
            return Some(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.text()?;
            self.blanks();
            if !self.eat(b":") {
                return None;
            }
            members.push((name, self.value(depth)?));
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return Some(Json::Object(members)),
                _ => return None,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        (count > 0).then_some(())
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.rest;
        self.eat(b"-");
        if !self.eat(b"0") {
            self.digits()?;
        }
        if self.eat(b".") {
            self.digits()?;
        }
        if self.eat(b"e") || self.eat(b"E") {
            if !self.eat(b"+") {
                self.eat(b"-");
            }
            self.digits()?;
        }
        let spelled = &start[..start.len() - self.rest.len()];
        Some(Json::Number(String::from_utf8(spelled.to_vec()).ok()?))
    }

    fn text(&mut self) -> Option<String> {
        if !self.eat(b"\"") {
            return None;
        }
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => {
                    let character = match self.next()? {
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.escaped()?,
                        same @ (b'"' | b'\\' | b'/') => char::from(same),
                        _ => return None,
                    };
                    bytes.extend(character.encode_utf8(&mut [0; 4]).bytes());
                }
                0..=0x1f => return None,
                byte => bytes.push(byte),
            }
        }
    }

    /// Reads what follows `\u`: half of a pair of surrogates is no character.
    fn escaped(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        let second = if self.eat(b"\\u") { self.hex()? } else { return None };
        if !(0xdc00..0xe000).contains(&second) {
            return None;
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |value, _| Some(value << 4 | char::from(self.next()?).to_digit(16)?))
    }
}
