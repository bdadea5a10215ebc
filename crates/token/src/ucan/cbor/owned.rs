//! A map with its own bytes.

use core::fmt;

use greatseal_core::error::UcanFault;

use super::cursor::{self, Map};
use super::write::Writer;
use super::{from_json, to_json, validate};

/// The canonical bytes of one map, owned: arguments, and facts that no rule looks at.
#[derive(Clone, PartialEq, Eq)]
pub struct MapBuf(Box<[u8]>);

impl MapBuf {
    /// Takes canonical bytes.
    ///
    /// # Errors
    /// [`UcanFault`] when they are not exactly one map of strict DAG-CBOR.
    pub fn new(bytes: &[u8]) -> Result<Self, UcanFault> {
        let map = validate(bytes)?.as_map().ok_or(UcanFault::Cbor { at: 0, rule: "it is no map" })?;
        Ok(map.into())
    }

    /// Reads readable JSON, as [`from_json`] takes it.
    ///
    /// # Errors
    /// [`UcanFault`] for what DAG-CBOR cannot hold, and for what is no object.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, UcanFault> {
        Self::new(&from_json(json)?)
    }

    /// Takes one map that was just written.
    pub(in crate::ucan) fn canonical(written: Writer) -> Self {
        Self(written.finish().into())
    }

    /// Returns the map.
    #[must_use]
    pub fn map(&self) -> Map<'_> {
        // No maker takes anything but a map.
        cursor::last(&self.0, 0).and_then(|value| value.as_map()).unwrap_or_default()
    }

    /// Returns the canonical bytes.
    #[must_use]
    pub const fn encoded(&self) -> &[u8] {
        &self.0
    }
}

impl Default for MapBuf {
    /// Returns the map of no names.
    fn default() -> Self {
        Map::default().into()
    }
}

impl From<Map<'_>> for MapBuf {
    fn from(map: Map<'_>) -> Self {
        Self(map.encoded().into())
    }
}

impl From<&MapBuf> for serde_json::Value {
    fn from(map: &MapBuf) -> Self {
        to_json(map.map().into())
    }
}

impl fmt::Debug for MapBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MapBuf({})", serde_json::Value::from(self))
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_a_map_and_nothing_else() {
        let map = MapBuf::from_json(&json!({"a": [1]})).unwrap();
        assert_eq!(MapBuf::new(map.encoded()), Ok(map.clone()));
        assert_eq!(map.map().iter().count(), 1);
        assert_eq!(MapBuf::default(), MapBuf::from_json(&json!({})).unwrap());
        assert_eq!(MapBuf::new(b"\x80").unwrap_err().code(), Code::UcanCbor);
        assert_eq!(MapBuf::new(b"\xa0\xa0").unwrap_err().code(), Code::UcanCbor);
        assert_eq!(MapBuf::from_json(&json!([])).unwrap_err().code(), Code::UcanCbor);
    }
}
