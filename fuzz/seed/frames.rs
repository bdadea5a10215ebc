//! Seeds of `jwt_frame`: the shortest tokens of the vectors, whole and broken, and tokens from parts.

use crate::tokens;

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut whole = tokens();
    whole.sort_by_key(String::len);
    let mut inputs: Vec<Vec<u8>> = whole.iter().step_by(9).map(|token| token.clone().into_bytes()).collect();
    if let Some(token) = whole.first() {
        let parts: Vec<&str> = token.split('.').collect();
        inputs.extend(
            [
                format!("{token}."),
                format!("{token}\n"),
                format!("{token}=="),
                format!("{}.{}", parts[0], parts[1]),
                format!("{}..{}", parts[0], parts[2]),
                format!("{}.{}.", parts[0], parts[1]),
                format!(".{}.{}", parts[1], parts[2]),
                token.replace("E5In0.", "E5In1."),
            ]
            .map(String::into_bytes),
        );
    }
    // Behind the first byte: header, claims, filling, signature, encodings, edits.
    for header in (0..8).chain([16]) {
        inputs.push([&[0, header, 0, 0, 0, 32][..], &[7; 64], &[0]].concat());
    }
    for claims in 0..4 {
        inputs.push([&[0, 16, claims, 1, 5, 32][..], &[9; 64], &[0]].concat());
    }
    // Just below and just above the largest token: 65,536 characters.
    for filling in [248, 249, 250, 255] {
        inputs.push([&[0, 16, 0, filling, 0, 32][..], &[9; 64], &[0]].concat());
    }
    for encodings in [1, 2, 4, 8, 16, 32, 64, 128, 192] {
        inputs.push([&[0, 16, 0, 0, 2, 32][..], &[0xff; 64], &[encodings]].concat());
    }
    inputs.push([&[0, 16, 0, 0, 0, 0, 63][..], &[9; 63], &[0]].concat());
    inputs.push([&[0, 16, 0, 0, 0, 32][..], &[9; 64], &[0], &[40, 0, b'.']].concat());
    inputs.push([&[0, 16, 128, 20][..], br#"{"iss":"x","sub":""}"#, &[32], &[9; 64], &[0]].concat());
    inputs.push([&[0, 8, 29][..], br#"{"typ":"jwt","alg":"ed25519"}"#, &[0, 0, 0, 32], &[9; 64], &[0]].concat());
    inputs
}
