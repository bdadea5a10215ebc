//! The fields of a payload: exactly those that the specification names, each of its type.

use greatseal_core::cid::Cid;
use greatseal_core::command::Command;
use greatseal_core::error::{DecodeFault, Quoted, UcanFault};
use greatseal_core::key::PublicKey;
use greatseal_core::limits::CHAIN_LINKS;
use greatseal_core::time::Timestamp;

use super::cbor::{List, Map, MapBuf, Value};
use super::dids::Dids;

/// A field that may be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    name: &'static str,
    value: Option<Value<'a>>,
}

/// Sorts the fields of a payload by name; one that is not listed is refused, because passing over
/// it could soften what it means. Names are listed as DAG-CBOR sorts them, which a payload does
/// too, so that one walk over both is enough.
pub(super) fn sort<'a, const N: usize>(
    payload: Map<'a>,
    names: [&'static str; N],
) -> Result<[Field<'a>; N], DecodeFault> {
    let mut fields = names.map(|name| Field { name, value: None });
    let mut places = fields.iter_mut();
    for (name, value) in payload {
        let field = places.find(|field| field.name == name);
        field.ok_or_else(|| fault(name, "is not known here"))?.value = Some(value);
    }
    Ok(fields)
}

/// Makes the fault of a field.
pub(super) fn fault(name: &str, problem: &str) -> DecodeFault {
    UcanFault::Field { name: Quoted::sentence(name), problem: Quoted::sentence(problem) }.into()
}

impl<'a> Field<'a> {
    /// Returns the value of a field that has to be there.
    pub(super) fn required(self) -> Result<Value<'a>, DecodeFault> {
        self.value.ok_or_else(|| fault(self.name, "is missing"))
    }

    /// Reads the field if it is there.
    pub(super) fn optional<T>(self, read: impl Fn(Self) -> Result<T, DecodeFault>) -> Result<Option<T>, DecodeFault> {
        self.value.map(|_| read(self)).transpose()
    }

    /// Reads the field, which may be null, but not absent.
    pub(super) fn nullable<T>(self, read: impl Fn(Self) -> Result<T, DecodeFault>) -> Result<Option<T>, DecodeFault> {
        if self.required()? == Value::Null { Ok(None) } else { read(self).map(Some) }
    }

    /// Reads a value that has to be there, and of one type.
    fn of_type<T>(self, wanted: &str, read: impl Fn(&Value<'a>) -> Option<T>) -> Result<T, DecodeFault> {
        let value = self.required()?;
        read(&value).ok_or_else(|| self.wrong(wanted, value))
    }

    fn wrong(self, wanted: &str, found: Value<'_>) -> DecodeFault {
        fault(self.name, &format!("has to be {wanted}, not {}", found.word()))
    }

    fn text(self) -> Result<&'a str, DecodeFault> {
        self.of_type("a text", Value::as_text)
    }

    /// Reads a DID, which others may have named before.
    pub(super) fn did(self, dids: &Dids) -> Result<PublicKey, DecodeFault> {
        let text = self.text()?;
        dids.read(text).map_err(|fault| match self.name {
            "iss" => DecodeFault::Issuer { found: Quoted::new(text), fault },
            "sub" => DecodeFault::Subject { found: Quoted::new(text), fault },
            name => self::fault(name, &format!("is no key: {fault}")),
        })
    }

    pub(super) fn command(self) -> Result<Command, DecodeFault> {
        Ok(Command::parse(self.text()?).map_err(UcanFault::from)?)
    }

    pub(super) fn bytes(self) -> Result<Box<[u8]>, DecodeFault> {
        self.of_type("bytes", Value::as_bytes).map(Into::into)
    }

    pub(super) fn instant(self) -> Result<Timestamp, DecodeFault> {
        let seconds = self.of_type("an integer", Value::as_integer)?;
        u64::try_from(seconds).map(Timestamp::from_secs).map_err(|_| fault(self.name, "lies before 1970"))
    }

    pub(super) fn map(self) -> Result<MapBuf, DecodeFault> {
        self.of_type("a map", Value::as_map).map(Into::into)
    }

    pub(super) fn list(self) -> Result<List<'a>, DecodeFault> {
        self.of_type("a list", Value::as_list)
    }

    pub(super) fn cid(self) -> Result<Cid, DecodeFault> {
        let link = self.of_type("a link", Value::as_link)?;
        Cid::from_bytes(link).map_err(|problem| fault(self.name, &problem.to_string()))
    }

    pub(super) fn cids(self) -> Result<Box<[Cid]>, DecodeFault> {
        let list = self.list()?;
        // Room for every chain that is followed; more than that is only read to be refused.
        let mut cids = Vec::with_capacity(list.len().min(CHAIN_LINKS));
        for item in list {
            cids.push(Self { value: Some(item), ..self }.cid()?);
        }
        Ok(cids.into_boxed_slice())
    }
}
