//! Seeds of `succession`: the histories that the rules were written for, each heard in every way.

use greatseal_fuzz::succession::Told;
use greatseal_fuzz::succession::act::{ACCOUNT, CLOCK, COUNTERSIGN, ENDORSE, MODULE, OPERATOR, REVOKE, TIMES};

/// An endorser or issuer that is an identity, an account's own key, or a module's.
const IDENTITY: u8 = 0x80;
const ACCOUNT_KEY: u8 = 0x80;
const MODULE_KEY: u8 = 0x40;
/// Issued by the next identity.
const BY_NEXT: u8 = 0x40;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let account = [[ACCOUNT, 0, 0, 1], [COUNTERSIGN, ACCOUNT_KEY, 0, 0], [COUNTERSIGN, 0, 0, 0]];
    let module = [[MODULE, 0, 0, 0], [COUNTERSIGN, MODULE_KEY, 0, 0]];
    let rotation = [[OPERATOR, 0, 0b1110, 0], [ENDORSE, 0, 0, 0], [ENDORSE, 1, 0, 0]];
    let by_pair = [[OPERATOR, BY_NEXT, 0b111, 0x10], [ENDORSE, IDENTITY, 0, 0]];
    let chain = [&account[..], &module].concat();
    let histories: Vec<Vec<[u8; 4]>> = vec![
        vec![],
        chain.clone(),
        [&rotation[..], &[[ACCOUNT, 3, 0, 1], [COUNTERSIGN, ACCOUNT_KEY, 0, 0], [COUNTERSIGN, 0, 0, 0]], &module]
            .concat(),
        [&rotation[..], &rotation, &chain].concat(),
        [&by_pair[..], &chain].concat(),
        // Quorum against pair, and two equals.
        [&rotation[..], &[[OPERATOR, BY_NEXT | 1, 0b111, 0x10], [ENDORSE, IDENTITY, 0, 0]], &chain].concat(),
        [&rotation[..], &[[OPERATOR, 1, 0b111, 0], [ENDORSE, 1, 0, 0], [ENDORSE, 2, 0, 0]], &chain].concat(),
        // The endorsers are revoked, by themselves and by the others; a successor lives again.
        [&rotation[..], &[[REVOKE, 0, 0, 0]], &chain].concat(),
        [&rotation[..], &[[REVOKE, 0, 0, 0], [ENDORSE, 2, 0, 0]], &chain].concat(),
        [&rotation[..], &[[REVOKE, 1, 0x40, 0], [REVOKE, 2, 0x40, 0]], &chain].concat(),
        [&rotation[..], &[[REVOKE, 0, 0, 1]], &chain].concat(),
        [&rotation[..], &[[REVOKE, 0, 0, 1], [REVOKE, 0, 0, 0x11]], &chain].concat(),
        // Listings: replaced, revoked, by another key, of a stranger; countersignatures that die.
        [&chain[..], &[[CLOCK, 7, 0, 0]], &[[ACCOUNT, 1, 0, 2], [COUNTERSIGN, 0, 0, 0], [COUNTERSIGN, 1, 0, 0]]]
            .concat(),
        [&chain[..], &[[REVOKE, 0, 0xc4, 0]]].concat(),
        [&chain[..], &[[REVOKE, 1, 0x40, 0], [REVOKE, 2, 0x40, 0]]].concat(),
        [&chain[..], &[[REVOKE, 14, 0, 0]]].concat(),
        [&chain[..], &[[ACCOUNT, 0, 1, 1], [COUNTERSIGN, ACCOUNT_KEY | 1, 0, 0]]].concat(),
        [&chain[..], &[[MODULE, ACCOUNT_KEY, 0, 1], [MODULE, 0, 0, 3]]].concat(),
        // Times: early, expired, long expired, of the future.
        [&rotation[..1], &[[TIMES, 0, 8, 0]], &rotation[1..], &chain].concat(),
        [&rotation[..], &[[CLOCK, 12, 0, 0]], &chain].concat(),
        [&rotation[..], &[[CLOCK, 14, 0, 0]], &chain].concat(),
        [&account[..1], &[[TIMES, 2, 6, 0]], &account[1..], &module].concat(),
        // Malformed, and plain ones beside it.
        [&[[OPERATOR, 0, 0b1000_0111, 0]][..], &rotation[1..], &chain].concat(),
        [&[[OPERATOR, 0, 0b111, 8]][..], &rotation[1..], &chain].concat(),
        [&[[OPERATOR, 0, 0b111, 1]][..], &chain].concat(),
    ];
    let mut inputs = Vec::new();
    for acts in &histories {
        for heard in [0, 1, 2, 4, 12] {
            inputs.push(Told { heard, signers: 2, ..Told::default() }.write(acts));
        }
        inputs.push(Told { signers: 0, terms: 2, ..Told::default() }.write(acts));
        inputs.push(Told { heard: 1, signers: 2, terms: 2, order: 0x20, ..Told::default() }.write(acts));
        inputs.push(Told { signers: 2, terms: 1, heard: 2, ..Told::default() }.write(acts));
    }
    inputs
}
