//! Seeds of `claims`: the claims of the vectors' tokens, and what a strict reader has to refuse.

use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_core::succession::Commitment;

use crate::{claims_of, tokens};

const OPERATOR: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
const ACCOUNT: &str = "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV";
const MODULE: &str = "MAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLXP";

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let mut inputs: Vec<Vec<u8>> = tokens().iter().filter_map(|token| claims_of(token)).collect();
    let terms = format!(r#""jti":"j","iat":1,"iss":"{OPERATOR}","sub":"{OPERATOR}""#);
    let fields = r#""wascap":{"name":"n","valid_signers":[]}"#;
    let module = format!(r#""jti":"j","iat":1,"iss":"{ACCOUNT}","sub":"{MODULE}""#);
    let provider = |schema: &str| {
        let provider = Nkey::parse(MODULE).map(|key| Nkey::new(Role::Provider, *key.raw())).expect("it is a key");
        format!(
            r#"{{"jti":"j","iat":1,"iss":"{ACCOUNT}","sub":"{provider}","wascap":{{"name":"n","vendor":"v","target_hashes":{{"a":"b"}},"config_schema":{schema}}}}}"#
        )
    };
    let nested = |open: &str, close: &str, levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    inputs.extend(successions());
    inputs.extend(
        [
            format!(r#"{{{terms},{fields},"wascap_revision":3}}"#),
            format!(r#"{{"exp":18446744073709551615,"nbf":0,{terms},{fields}}}"#),
            format!(r#"{{{terms},"exp":null,"nbf":null,"wascap":null,"wascap_revision":null}}"#),
            format!(r#"{{{terms},"sub":"x"}}"#),
            format!(r#"{{{terms},"s\u0075b":"x"}}"#),
            format!(r#"{{{terms},"wascap":{{"valid_signers":null,"valid_signers":null}}}}"#),
            format!(r#"{{{terms},"x":{{"a":1,"\u0061":2}}}}"#),
            format!(r#"{{{terms},"x":1,"x":2}}"#),
            format!(r#"{{{terms},"wascap":{{"valid_signers":["{OPERATOR}"],"hash":"h"}}}}"#),
            format!(r#"{{{terms},"wascap":{{"valid_signers":["{ACCOUNT}"]}}}}"#),
            format!(r#"{{{terms},"greatseal":{{}}}}"#),
            format!(r#"{{{terms},{fields},"x":"\ud83d\ude00\ud83d"}}"#),
            format!(r#"{{{terms},{fields},"x":"\ud83d\ude00"}}"#),
            format!(r#"{{{terms},{fields},"iat":1.0}}"#),
            format!(r#"{{{terms},{fields},"x":[1e400,-0,0.1,1e15,-9223372036854775809]}}"#),
            format!(" {{\n{terms}\t,\r{fields} }} "),
            format!(r#"[{terms}]"#).replace("\"jti\":", ""),
            format!(r#"{{{module},"wascap":{{"hash":"h","tags":["a"],"caps":[],"rev":-1,"ver":"1","call_alias":"a_b","prov":true}}}}"#),
            format!(r#"{{{module},"wascap":{{"hash":"h","rev":2147483648}}}}"#),
            format!(r#"{{{module},"wascap":{{"target_url":"t","origin_url":"o","hash":"h"}}}}"#),
            provider("null"),
            provider(r#"{"a":[1,-1,1.5,1e300,true,null,"é\n\u0000"],"b":{"a":{}}}"#),
            provider("[0.1,123456789.123456789,2.2250738585072011e-308,-0.0,1e21]"),
            provider(&objects(61)),
            provider(&objects(62)),
            provider(&nested("[", "]", 61)),
            provider(&nested("[", "]", 62)),
            provider(&nested("[", "]", 130)),
            format!(r#"{{{terms},{fields},"x":{}}}"#, objects(63)),
            format!(r#"{{{terms},{fields},"x":{}}}"#, objects(64)),
            format!(r#"{{{terms},{fields},"x":{}}}"#, nested("[", "]", 63)),
        ]
        .map(String::into_bytes),
    );
    inputs
}

/// Operator tokens with the claim `greatseal`: good ones, and each way to be refused.
fn successions() -> Vec<Vec<u8>> {
    let key = |seed: u8| Nkey::new(Role::Operator, RawKey::new([seed; 32]));
    let next = |seed: u8| format!("\"{}\"", Commitment::to(key(seed).raw()));
    let token = |subject: String, signers: &[u8], claims: &str| {
        let listed: Vec<String> = signers.iter().map(|seed| format!("\"{}\"", key(*seed))).collect();
        let fields = format!(r#""wascap":{{"name":"n","valid_signers":[{}]}}"#, listed.join(","));
        format!(r#"{{"jti":"j","iat":1,"iss":"{}","sub":"{subject}",{fields},{claims}}}"#, key(1)).into_bytes()
    };
    let operator = |signers: &[u8], claims: &str| token(key(1).to_string(), signers, claims);
    let claim = |seq: &str, prev: &str, threshold: &str, next: &str, rest: &str| {
        format!(r#""greatseal":{{"seq":{seq},"prev":{prev},"threshold":{threshold},"next":{next},{rest}}}"#)
    };
    let prev = format!("\"{}\"", "5a".repeat(32));
    let good = r#""pair":true,"accounts":"countersigned""#;
    let plain = claim("0", "null", "2", "null", r#""pair":false,"accounts":"plain""#);
    let three: &[u8] = &[3, 4, 5];
    let mut inputs = vec![
        operator(three, &plain),
        operator(three, &claim("1", &prev, "2", &next(2), good)),
        operator(&[3], &claim("18446744073709551615", &prev, "1", &next(2), good)),
        // Keys and threshold that do not go together.
        operator(three, &claim("1", &prev, "1", &next(2), good)),
        operator(three, &claim("1", &prev, "4", &next(2), good)),
        operator(three, &claim("1", &prev, "18446744073709551615", &next(2), good)),
        operator(&[], &claim("1", &prev, "0", &next(2), good)),
        operator(&[3, 1], &claim("1", &prev, "2", &next(2), good)),
        operator(&[3, 2], &claim("1", &prev, "2", &next(2), good)),
        operator(&[3, 3], &claim("1", &prev, "2", &next(2), good)),
        operator(three, &claim("1", &prev, "2", &next(1), good)),
        // Members that are not exactly these.
        operator(three, &format!("{plain},{plain}")),
        operator(three, &claim("1.0", &prev, "2", &next(2), good)),
        operator(three, &claim("-0", &prev, "2", &next(2), good)),
        operator(three, &claim("1", &prev.to_uppercase(), "2", &next(2), good)),
        operator(three, &claim("1", "\"00\"", "2", &next(2), good)),
        operator(three, &claim("1", &prev, "2", &next(2), r#""pair":1,"accounts":"plain""#)),
        operator(three, &claim("1", &prev, "2", &next(2), r#""pair":true,"accounts":"Plain""#)),
        operator(three, &claim("1", &prev, "2", &next(2), r#""pair":true"#)),
        operator(three, &claim("1", &prev, "2", &next(2), &format!(r#"{good},"more":null"#))),
        operator(three, &claim("1", &prev, "2", &next(2), &format!(r#"{good},"pair":true"#))),
        operator(three, r#""greatseal":null"#),
        operator(three, r#""greatseal":[0,null,2,null,false,"plain"]"#),
        token(ACCOUNT.to_owned(), &[], &plain),
        token(MODULE.to_owned(), &[], &plain),
    ];
    // In each place among the other claims.
    let whole = String::from_utf8(operator(three, &plain)).expect("it is text");
    let rest = whole.replace(&format!(",{plain}"), "");
    for before in [r#""jti""#, r#""iat""#, r#""iss""#, r#""sub""#, r#""wascap""#] {
        inputs.push(rest.replacen(before, &format!("{plain},{before}"), 1).into_bytes());
    }
    inputs
}
