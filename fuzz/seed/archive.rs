//! Seeds of `archive`: those of the vectors, and archives from parts.

use std::fs;

use crate::vectors;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let named = |path: &std::path::PathBuf| {
        path.to_string_lossy().contains("/archives/") && path.to_string_lossy().contains(".par")
    };
    let mut inputs: Vec<Vec<u8>> =
        vectors().into_iter().filter(named).map(|path| fs::read(path).expect("vectors can be read")).collect();
    // Behind how many entries: what, how it is spelled, how long, and what of it.
    let token = [0, 0xf4, 3, b'e', b'y', b'J'];
    let program = |name: u8, how: u8| vec![name, how, 4, b'c', b'o', b'd', b'e'];
    let parts: [Vec<u8>; 12] = [
        [&[1][..], &token].concat(),
        [&[2][..], &token, &program(2, 0xf4)].concat(),
        [&[4][..], &token, &program(1, 0xf4), &program(2, 0xf0), &program(3, 0xf4)].concat(),
        [&[3][..], &token, &program(2, 0xf4), &program(2, 0xf4)].concat(),
        [&[3][..], &token, &program(0, 0xf5), &program(2, 0xf4)].concat(),
        [&[2][..], &program(2, 0xf5), &token].concat(),
        [&[2][..], &token, &program(0x82, 0xfc)].concat(),
        [&[2][..], &token, &program(0x72, 0xf4)].concat(),
        [&[2][..], &token, &program(7, 0xf4)].concat(),
        [&[2][..], &token, &program(2, 0x04)].concat(),
        [&[0x1a][..], &token, &program(2, 0x24)].concat(),
        [&[0xf2][..], &token, &program(2, 0xf4)].concat(),
    ];
    inputs.extend(parts);
    inputs.push(vec![0x1f, 0x8b, 8, 0]);
    inputs.push(b"claims.jwt\0".to_vec());
    inputs
}
