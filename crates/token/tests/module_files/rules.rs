//! What is refused, each for its own reason, and what is not.

use greatseal_core::error::ModuleFault;
use greatseal_core::limits::{MODULE_BYTES, MODULE_DEPTH};
use greatseal_token::wascap::module::{ModuleFile, embed, is_wasm, strip};

use crate::build::*;

/// Reads and strips; both have to refuse, at the same byte.
fn malformed_at(file: &[u8]) -> u64 {
    let read = ModuleFile::read(file).unwrap_err();
    assert_eq!(strip(file).unwrap_err(), read);
    let ModuleFault::Malformed { at, .. } = read else { panic!("{read}") };
    at
}

#[test]
fn a_file_without_a_token_is_read() {
    let bytes = answer();
    let file = ModuleFile::read(&bytes).unwrap();
    assert_eq!(file.token(), None);
    assert_eq!(&*strip(&bytes).unwrap(), bytes);
    assert_eq!(strip(&bytes).unwrap().hash(), file.hash());
}

#[test]
fn both_names_are_tokens_and_similar_ones_are_not() {
    for name in ["jwt", "wasmcloud_jwt"] {
        let bytes = [answer(), custom(name, b"token")].concat();
        assert_eq!(ModuleFile::read(&bytes).unwrap().token(), Some(&b"token"[..]));
        assert_eq!(&*strip(&bytes).unwrap(), answer());
    }
    for name in ["JWT", "jwt ", "wasmcloud-jwt", "wasmcloud_jwt\0", ""] {
        let bytes = [answer(), custom(name, b"token")].concat();
        assert_eq!(ModuleFile::read(&bytes).unwrap().token(), None);
        assert_eq!(&*strip(&bytes).unwrap(), bytes);
    }
}

#[test]
fn a_token_may_stand_anywhere_at_the_top() {
    let bytes = [MODULE, &token("token"), &answer()[8..]].concat();
    let (file, unsigned) = (ModuleFile::read(&bytes).unwrap(), answer());
    assert_eq!(file.token(), Some(&b"token"[..]));
    assert_eq!(file.hash(), ModuleFile::read(&unsigned).unwrap().hash());
}

#[test]
fn a_second_token_is_ambiguous() {
    for second in [token("token"), token("another"), custom("jwt", b"")] {
        let first = [answer(), token("token")].concat();
        let fault = ModuleFile::read(&[&first[..], &second].concat()).unwrap_err();
        assert_eq!(fault, ModuleFault::Ambiguous { place: "is the second one", at: first.len() as u64 });
    }
}

#[test]
fn a_token_inside_is_ambiguous_and_dropped_when_signing() {
    let inner = |tokens: &[u8]| {
        let module = [&answer(), tokens].concat();
        let component = [COMPONENT, &section(CORE_MODULE, &module), tokens].concat();
        [COMPONENT, &section(CORE_MODULE, &answer()), &section(NESTED_COMPONENT, &component)].concat()
    };
    let bytes = inner(&custom("jwt", b"inner"));
    let at = bytes.windows(5).position(|window| window == b"\x09\x03jwt").unwrap() as u64 - 1;
    let nested = ModuleFault::Ambiguous { place: "stands inside a nested module", at };
    assert_eq!(ModuleFile::read(&bytes).unwrap_err(), nested);
    // It is ambiguous with an outer one, too.
    assert_eq!(ModuleFile::read(&[&bytes[..], &token("outer")].concat()).unwrap_err(), nested);
    assert_eq!(&*strip(&bytes).unwrap(), inner(&[]));
}

#[test]
fn only_the_tokens_own_lengths_have_to_be_minimal() {
    let good = named("wasmcloud_jwt", b"token", 0);
    for padding in 1..=4 {
        let at = answer().len() as u64;
        let outer = [answer(), padded_section(0, &good, padding)].concat();
        assert_eq!(ModuleFile::read(&outer).unwrap_err(), ModuleFault::Padded { at });
        let name = [answer(), section(0, &named("wasmcloud_jwt", b"token", padding))].concat();
        assert_eq!(ModuleFile::read(&name).unwrap_err(), ModuleFault::Padded { at });

        let padded = [MODULE, &padded_section(1, &[1, 0x60, 0, 0], padding), &token("token")].concat();
        let minimal = [MODULE, &section(1, &[1, 0x60, 0, 0])].concat();
        let file = ModuleFile::read(&padded).unwrap();
        assert_ne!(file.hash(), ModuleFile::read(&minimal).unwrap().hash());
        // What is signed anew is written anew.
        assert_eq!(&*strip(&padded).unwrap(), minimal);
        for padded in [outer, name] {
            assert_eq!(&*strip(&padded).unwrap(), answer());
        }
    }
}

#[test]
fn lengths_longer_than_five_bytes_are_malformed() {
    let six = [MODULE, &[0, 0x81, 0x80, 0x80, 0x80, 0x80, 0], &[0]].concat();
    let too_large = [MODULE, &[0, 0x81, 0x80, 0x80, 0x80, 0x10], &[0]].concat();
    assert_eq!((malformed_at(&six), malformed_at(&too_large)), (13, 13));
}

#[test]
fn what_is_no_webassembly_is_malformed() {
    for bytes in [&b""[..], b"\0", b"\0as", b"(module)", b"eyJ0eXAiOiJqd3QiLCJhbGciOiJFZDI1NTE5In0.e30.", b"\x7fELF"] {
        assert!(!is_wasm(bytes));
        assert_eq!(malformed_at(bytes), 0);
    }
    assert!(is_wasm(b"\0asm"));
    malformed_at(b"\0asm");
    malformed_at(b"\0asm\x01\0\0");
}

#[test]
fn other_versions_and_layers_are_named() {
    for (version, layer) in [(0, 0), (2, 0), (1, 1), (0x0a, 1), (0x0c, 1), (0x0d, 0), (0x0e, 1), (1, 0xffff)] {
        let header = [&b"\0asm"[..], &u16::to_le_bytes(version), &u16::to_le_bytes(layer)].concat();
        let nested = [COMPONENT, &section(NESTED_COMPONENT, &header)].concat();
        for file in [header, nested] {
            assert_eq!(ModuleFile::read(&file).unwrap_err(), ModuleFault::Encoding { version, layer });
            assert_eq!(strip(&file).unwrap_err(), ModuleFault::Encoding { version, layer });
        }
    }
}

#[test]
fn a_header_that_leaves_its_section_is_malformed() {
    // Two bytes belong to the nested file, the rest of its version stands behind it.
    let file = [COMPONENT, &section(CORE_MODULE, b"\0asm\x0c\0"), &custom("", b"")].concat();
    malformed_at(&file);
}

#[test]
fn a_module_is_not_taken_for_a_component() {
    // The reference crate reads either as the other and signs a file with another section id.
    for (id, inner) in [(CORE_MODULE, COMPONENT), (NESTED_COMPONENT, MODULE)] {
        assert_eq!(malformed_at(&[COMPONENT, &section(id, inner)].concat()), 10);
    }
}

#[test]
fn sections_that_readers_do_not_share_are_malformed() {
    for (header, id) in [(MODULE, 14), (MODULE, 0x7f), (MODULE, 0x80), (COMPONENT, 12), (COMPONENT, 0xff)] {
        assert_eq!(malformed_at(&[header, &section(id, &[])].concat()), 8);
    }
}

#[test]
fn sections_past_their_end_are_malformed() {
    // Past the end of the file, by one byte and by a lot, in a module and in a nested one.
    for id in [0, 1, 10] {
        for excess in [1, 1 << 20, u32::MAX as usize - 2] {
            let section = [&[id][..], &length(2 + excess, 0), &[1, 0]].concat();
            malformed_at(&[MODULE, &section].concat());
            let module = [MODULE, &section].concat();
            malformed_at(&[COMPONENT, &super::build::section(CORE_MODULE, &module), &custom("", &[0; 64])].concat());
        }
    }
    // A nested module that goes on after the end of the file: the reference crate signs it shortened.
    let inner = [MODULE, &custom("note", b"")].concat();
    let file = [COMPONENT, &[CORE_MODULE], &length(inner.len() + 1, 0), &inner].concat();
    assert_eq!(malformed_at(&file), 8);
    // A nested module that takes a section of its parent for its own.
    let file = [COMPONENT, &[CORE_MODULE, 9], MODULE, &custom("note", b"")].concat();
    malformed_at(&file);
}

#[test]
fn what_follows_the_last_section_is_malformed() {
    for garbage in [&b"\0"[..], b"garbage", b"\n", b"\xff\xff", MODULE, COMPONENT] {
        malformed_at(&[&answer(), garbage].concat());
        malformed_at(&[&answer(), &token("token"), garbage].concat());
    }
}

#[test]
fn sections_out_of_order_are_malformed() {
    malformed_at(&[MODULE, &section(7, &[0]), &section(1, &[0])].concat());
    malformed_at(&[MODULE, &section(1, &[0]), &section(1, &[0])].concat());
}

#[test]
fn functions_have_to_fill_the_code_section() {
    let code = |content: &[u8]| [MODULE, &section(3, &[1, 0]), &section(10, content)].concat();
    assert!(ModuleFile::read(&code(&[1, 2, 0, 0x0b])).is_ok());
    // A body too long, a byte too many, a body too few, and one without a length.
    for content in [&[1, 3, 0, 0x0b][..], &[1, 2, 0, 0x0b, 0], &[2, 2, 0, 0x0b], &[1]] {
        malformed_at(&code(content));
    }
    // A token section is no token inside of code.
    let hidden = token("token");
    let bytes = code(&[&[1, hidden.len() as u8][..], &hidden].concat());
    assert_eq!(ModuleFile::read(&bytes).unwrap().token(), None);
}

#[test]
fn names_have_to_be_text() {
    malformed_at(&[MODULE, &section(0, &[3, 0xff, b'w', b't'])].concat());
    malformed_at(&[MODULE, &section(0, &[4, b'j', b'w', b't'])].concat());
    malformed_at(&[MODULE, &section(0, &[])].concat());
}

#[test]
fn depth_is_bounded() {
    let nested = |levels| (0..levels).fold(COMPONENT.to_vec(), |inner, _| [COMPONENT, &section(4, &inner)].concat());
    assert!(ModuleFile::read(&nested(MODULE_DEPTH)).is_ok());
    assert_eq!(&*strip(&nested(MODULE_DEPTH)).unwrap(), nested(MODULE_DEPTH));
    malformed_at(&nested(MODULE_DEPTH + 1));
}

#[test]
fn size_is_bounded_both_ways() {
    let limit = usize::try_from(MODULE_BYTES).unwrap();
    // Header, id, length in four bytes, name in five.
    let largest = [MODULE, &custom("note", &vec![0; limit - MODULE.len() - 10])].concat();
    assert_eq!(largest.len(), limit);
    assert!(ModuleFile::read(&largest).is_ok());
    let stripped = strip(&largest).unwrap();
    let found = MODULE_BYTES + token("token").len() as u64;
    assert_eq!(embed(stripped, "token").unwrap_err(), ModuleFault::TooLarge { found, limit: MODULE_BYTES });

    let larger = [&largest[..], &[0]].concat();
    let fault = ModuleFault::TooLarge { found: MODULE_BYTES + 1, limit: MODULE_BYTES };
    assert_eq!(ModuleFile::read(&larger).unwrap_err(), fault);
    assert_eq!(strip(&larger).unwrap_err(), fault);
}

#[test]
fn parts_are_bounded() {
    let sections = |count| [MODULE, &custom("", b"").repeat(count)].concat();
    assert!(ModuleFile::read(&sections(1_000_000)).is_ok());
    assert_eq!(malformed_at(&sections(1_000_001)), 8 + 3 * 1_000_000);
    let functions = |count| {
        let content = [&length(count, 0)[..], &vec![0; count]].concat();
        [MODULE, &section(3, &content), &section(10, &content)].concat()
    };
    // Two sections are left for what holds them.
    assert!(ModuleFile::read(&functions(999_998)).is_ok());
    malformed_at(&functions(999_999));
    let modules = |count| [COMPONENT, &section(CORE_MODULE, MODULE).repeat(count)].concat();
    assert!(ModuleFile::read(&modules(1_000_000)).is_ok());
    malformed_at(&modules(1_000_001));
}
