//! Foreign text made fit for a terminal.

use greatseal_core::error::Quoted;

/// Bounds a name that somebody else chose and takes the control characters out of it.
pub(crate) fn name(text: &str) -> String {
    Quoted::sentence(text).to_string()
}

/// Begins a sentence with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
