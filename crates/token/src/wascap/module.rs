//! Stub until the walker lands.
use greatseal_core::error::ModuleFault;
/// x
#[derive(Debug)]
pub struct ModuleFile<'a>(&'a [u8]);
impl<'a> ModuleFile<'a> {
    /// x
    pub fn read(bytes: &'a [u8]) -> Result<Self, ModuleFault> {
        Ok(Self(bytes))
    }
    /// x
    pub fn token(&self) -> Option<&'a [u8]> {
        None
    }
    /// x
    pub fn hash(&self) -> [u8; 32] {
        [0; 32]
    }
}
