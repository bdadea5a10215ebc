//! Seeds of `modules`: the small files of the vectors, and files from parts.

use crate::small_modules;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = small_modules();
    // Behind each first byte (kind, and how many sections) the sections: what, how, and what of it.
    let token = |name: u8, widths: u8| vec![0, name | widths, 3, b'e', b'y', b'J'];
    let named = |length: u8| [&[0, 2, length][..], &vec![b'n'; usize::from(length)]].concat();
    let parts: [Vec<u8>; 18] = [
        [&[0x11][..], &token(0, 0)].concat(),
        [&[0x11][..], &token(1, 0)].concat(),
        [&[0x12][..], &token(0, 0), &token(0, 0)].concat(),
        [&[0x12][..], &token(0, 0), &token(1, 0)].concat(),
        [&[0x11][..], &token(0, 0x10)].concat(),
        [&[0x11][..], &token(0, 0x40)].concat(),
        [&[0x13][..], &named(5), &token(0, 0), &named(200)].concat(),
        [&[0x12][..], &token(4, 0), &token(6, 0)].concat(),
        [&[0x12][..], &[6, 0, 255], &token(0, 0)].concat(),
        [&[0x12, 5, 3, 2, 1, 2, 0, 3, 1, 2, 3][..], &token(0, 0)].concat(),
        // Components: a module within, with and without a token, then one at the top.
        [&[0x82, 2, 0, 0x11][..], &named(2), &token(0, 0)].concat(),
        [&[0x82, 2, 0, 0x11][..], &token(0, 0), &token(0, 0)].concat(),
        [&[0x82, 2, 0x11, 0x81, 2, 0x20, 0x11][..], &named(2), &token(0, 0)].concat(),
        [&[0x81, 2, 1, 0x11][..], &named(2)].concat(),
        [&[0x81, 2, 0, 0x81][..], &named(2)].concat(),
        // Just as deep as is read, and deeper.
        [&[0x81, 2, 1].repeat(64)[..], &[0x80]].concat(),
        [&[0x81, 2, 1].repeat(65)[..], &[0x80]].concat(),
        [&[0x82, 4, 7, 1, 0][..], &token(0, 0), &[11, 0, b'x']].concat(),
    ];
    inputs.extend(parts);
    inputs.extend([b"\0asm".to_vec(), b"\0asm\x02\0\0\0".to_vec(), b"\0asm\x01\0\0\0".to_vec()]);
    inputs.push(b"\0asm\x01\0\0\0\0\x85\x80\x80\x80\0\x04note".to_vec());
    inputs.push(b"\0asm\x01\0\0\0\0\xff\xff\xff\xff\xff\x01".to_vec());
    inputs.push(b"\0asm\x01\0\0\0\x63\0".to_vec());
    inputs
}
