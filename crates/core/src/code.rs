//! The one table of stable codes: text, exit code, HTTP status, who must act, and what to do.
//!
//! A code never changes its meaning and is never used again for another; new ones are added.

mod party;

use core::fmt;

pub use party::{Exit, Party};

macro_rules! codes {
    ($($name:ident $text:literal $exit:ident $http:literal $party:ident $title:literal $advice:literal;)+) => {
        /// A stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the stable text, `GS-…`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Finds the code of a text; nothing when there is none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }

            /// Returns the exit code of a command that ends with it.
            #[must_use]
            pub const fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)+ }
            }

            /// Returns the HTTP status of an answer that carries it (RFC 9457).
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $http,)+ }
            }

            /// Returns who has to act.
            #[must_use]
            pub const fn party(self) -> Party {
                match self { $(Self::$name => Party::$party,)+ }
            }

            /// Returns the rule in one line, lower case, without a final period.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// Returns what to do about it, in whole sentences.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
}

codes! {
    KeyMalformed "GS-KEY-MALFORMED" Deny 400 Author
        "a text that should be a key is none"
        "Copy the key again, whole: an nkey has exactly 56 upper-case letters and digits, a did:key begins with did:key:z6Mk, did:key:zDn or did:key:zQ3 (Ed25519, P-256, secp256k1).";
    KeyRole "GS-KEY-ROLE" Deny 400 Author
        "a key stands where another role belongs"
        "The first letter tells the role: O operator, A account, M module, V provider. Use the key of the role that the message asks for.";
    KeyReused "GS-KEY-REUSED" Deny 403 Author
        "one raw key appears in two roles or under two principals"
        "Make a new key for one of the two and issue its token again: one theft must not cost two identities. `--policy relaxed` accepts it with a notice.";

    TokenEmpty "GS-TOKEN-EMPTY" Deny 400 Author
        "the file holds no token"
        "Check that the right file was named and that it was copied whole.";
    TokenTooLarge "GS-TOKEN-TOO-LARGE" Deny 413 Author
        "the token is larger than any genuine one"
        "Tokens of this family are at most 64 KiB. Check that the right file was named.";
    TokenUnknown "GS-TOKEN-UNKNOWN" Deny 400 Author
        "the file is neither a token nor a WebAssembly module nor a provider archive"
        "Name a .jwt token, a WebAssembly module or component, or a provider archive (.par). `greatseal inspect FILE` shows what a file is.";
    TokenFrame "GS-TOKEN-FRAME" Deny 400 Author
        "the text is not three segments of unpadded base64url"
        "Copy the token again, whole and without line breaks; a token that arrives like this was changed on its way.";
    TokenHeader "GS-TOKEN-HEADER" Deny 400 Author
        "the header is not the one that signed tokens of this family have"
        "Only {\"typ\":\"jwt\",\"alg\":\"Ed25519\"} is accepted, byte for byte. Ask the issuer to sign with a wascap tool.";
    TokenJson "GS-TOKEN-JSON" Deny 400 Author
        "the claims are not strict JSON of the expected form"
        "Ask the issuer for a new token; this one reads differently in different tools.";
    TokenDuplicate "GS-TOKEN-DUPLICATE" Deny 400 Author
        "a name occurs twice in one JSON object"
        "Ask the issuer for a new token: two readers could each take another of the two values.";
    TokenDepth "GS-TOKEN-DEPTH" Deny 400 Author
        "the claims are nested too deeply"
        "Genuine claims nest a few levels. Ask the issuer for a new token.";
    ClaimsField "GS-CLAIMS-FIELD" Deny 400 Author
        "a claim is missing or of the wrong type"
        "Ask the issuer for a new token; the message names the claim.";
    ClaimsEntity "GS-CLAIMS-ENTITY" Deny 400 Author
        "the claims describe another kind of thing than the subject is"
        "The subject's first letter and the fields under `wascap` must agree: a module's token cannot be read as an operator's.";
    ClaimsSubject "GS-CLAIMS-SUBJECT" Deny 400 Author
        "the subject is no key"
        "The subject of an operator, account, module or provider token is its public key. Ask the issuer for a new token.";
    ClaimsSigners "GS-CLAIMS-SIGNERS" Deny 400 Author
        "an entry among the signing keys is no key of the right role"
        "Issue the token again with a clean list: O keys under an operator, A keys under an account.";
    ClaimsSuccession "GS-CLAIMS-SUCCESSION" Deny 400 Author
        "the `greatseal` claim cannot stand in its token"
        "Ask the operator for a sound token: its keys listed once, identities apart from signing keys, and a threshold of more than half.";

    SignatureInvalid "GS-SIGNATURE-INVALID" Deny 403 Author
        "the signature does not verify under the issuer's key"
        "The token was changed, or signed by another key. Get it again from its issuer and do not use this one.";
    SignatureWeakKey "GS-SIGNATURE-WEAK-KEY" Deny 403 Author
        "the issuer's key is of small order or not canonical: anybody can sign for it"
        "This is how keyless forgeries are made. Do not use the token.";

    TimeExpired "GS-TIME-EXPIRED" Deny 403 Author
        "the token has expired"
        "Ask for a new one, or verify at the time in question with `--at`.";
    TimeEarly "GS-TIME-EARLY" Deny 403 Author
        "the token is not valid yet"
        "Wait until its `nbf`, or check this machine's clock.";
    TimeFuture "GS-TIME-FUTURE" Deny 403 Author
        "the token claims to have been issued more than five minutes from now"
        "Check this machine's clock and the issuer's; thieves choose this time to outrank what is genuine.";

    ModuleMalformed "GS-MODULE-MALFORMED" Deny 400 Author
        "the file is no well-formed WebAssembly module or component"
        "Build or download it again.";
    ModuleEncoding "GS-MODULE-ENCODING" Deny 400 Author
        "the component is in an encoding that is no longer read"
        "Build it again with a current toolchain; components of before 2023 used another encoding.";
    ModuleTooLarge "GS-MODULE-TOO-LARGE" Deny 413 Author
        "the module is larger than 64 MiB"
        "Sign and verify smaller modules; most of such a size is debug information, which `wasm-tools strip` removes.";
    ModuleUnsigned "GS-MODULE-UNSIGNED" Deny 400 Author
        "the module carries no token"
        "Sign it: `greatseal module sign FILE --account NAME`.";
    ModuleAmbiguous "GS-MODULE-AMBIGUOUS" Deny 400 Author
        "the module carries more than one token section, or one inside a nested module"
        "Strip it and sign it again: `greatseal module strip FILE`. Readers differ on which of several tokens counts.";
    ModulePadded "GS-MODULE-PADDED" Deny 400 Author
        "the token section's own lengths are padded"
        "Strip it and sign it again: `greatseal module strip FILE`. Padding there changes the file and no hash would notice.";
    ModuleHash "GS-MODULE-HASH" Deny 403 Author
        "the token vouches for other bytes than the module's"
        "The module was changed after it was signed, or the token belongs to another module. Get the module again from its publisher.";

    ArchiveMalformed "GS-ARCHIVE-MALFORMED" Deny 400 Author
        "the file is no well-formed provider archive"
        "Get the archive again, whole: it was cut short, or something broke it on the way. A provider archive is a tar, gzipped or not.";
    ArchiveTrailing "GS-ARCHIVE-TRAILING" Deny 400 Author
        "something follows the end of the provider archive"
        "Nobody vouches for what stands there, and other readers may take it for part of the archive. Get the archive again from its publisher.";
    ArchiveTooLarge "GS-ARCHIVE-TOO-LARGE" Deny 413 Author
        "the provider archive is larger than 512 MiB, packed or unpacked, or has more than 256 files"
        "Check that the right file was named. A provider for very many targets can be published as several archives.";
    ArchiveBomb "GS-ARCHIVE-BOMB" Deny 413 Author
        "the provider archive unpacks to more than a hundred times its size"
        "No programs compress like that. If it is really meant, publish it without compression.";
    ArchiveEntry "GS-ARCHIVE-ENTRY" Deny 400 Author
        "the provider archive has an entry that none should have"
        "Only plain files belong there: `claims.jwt`, `TARGET.bin` and `world.wasm`, without folders, links or extended headers. Make it again with `greatseal provider sign`.";
    ArchiveDuplicate "GS-ARCHIVE-DUPLICATE" Deny 403 Author
        "a name occurs twice in the provider archive"
        "Readers differ on which of the two counts. Make it again with `greatseal provider sign`.";
    ArchiveUnsigned "GS-ARCHIVE-UNSIGNED" Deny 403 Author
        "the provider archive does not begin with its token"
        "Its first entry has to be `claims.jwt`. Sign it: `greatseal provider sign`.";
    ArchiveUnlisted "GS-ARCHIVE-UNLISTED" Deny 403 Author
        "the provider archive has a file that the token does not vouch for"
        "The file was added after signing. Get the archive again from its publisher, or sign it anew.";
    ArchiveMissing "GS-ARCHIVE-MISSING" Deny 403 Author
        "the token vouches for a program that the provider archive does not have"
        "A file was taken out after signing. Get the archive again from its publisher, or sign it anew.";
    ArchiveHash "GS-ARCHIVE-HASH" Deny 403 Author
        "the token vouches for other bytes than a file of the provider archive has"
        "The file was changed after signing, or the token belongs to another archive. Get the archive again from its publisher.";

    ChainIncomplete "GS-CHAIN-INCOMPLETE" Deny 403 Caller
        "a token of the chain was not supplied"
        "Add the missing account or operator token with `--with FILE-OR-FOLDER`; the message names the key it is about.";
    ChainTooLarge "GS-CHAIN-TOO-LARGE" Deny 413 Caller
        "the tokens that bear on this decision are larger than 4 MiB in all"
        "Supply fewer tokens: the current one of each subject is enough.";
    OperatorUntrusted "GS-OPERATOR-UNTRUSTED" Deny 403 Caller
        "the chain leads to an operator that is not trusted"
        "If that operator is one you trust, name its key: `--trust O…`. Compare the key with one from a source you trust, not with this file.";
    OperatorNotSelfIssued "GS-OPERATOR-NOT-SELF-ISSUED" Deny 403 Author
        "the operator token was not issued by the operator itself"
        "An operator answers to nobody above it. Issue accounts under the top operator, or trust the other operator by its own self-issued token.";
    OperatorNoSigners "GS-OPERATOR-NO-SIGNERS" Deny 403 Author
        "the operator lists no signing keys"
        "The operator should list at least one signing key and issue accounts with it. `--policy relaxed` accepts this with a notice.";
    OperatorListsIdentity "GS-OPERATOR-LISTS-IDENTITY" Deny 403 Author
        "the operator lists its own identity key among its signing keys"
        "Issue the operator token again with signing keys that are not the identity. `--policy relaxed` accepts this with a notice.";
    AccountByIdentity "GS-ACCOUNT-BY-IDENTITY" Deny 403 Author
        "the account was issued by the operator's identity key"
        "Issue the account again with one of the operator's signing keys, so that the identity key can stay offline. `--policy relaxed` accepts this with a notice.";
    AccountIssuer "GS-ACCOUNT-ISSUER" Deny 403 Author
        "the account was not issued by a signing key of the operator"
        "Issue the account again with a key that the operator's current token lists; a key that was unlisted no longer counts.";
    CodeSelfIssued "GS-CODE-SELF-ISSUED" Deny 403 Author
        "the module or provider vouches for itself"
        "Sign it with its account's key: `greatseal module sign FILE --account NAME`.";
    CodeIssuer "GS-CODE-ISSUER" Deny 403 Author
        "the module or provider was not issued by its account or a signing key of it"
        "Sign it with a key of an account that the operator made; a key that was unlisted no longer counts.";
    AuthorityAmbiguous "GS-AUTHORITY-AMBIGUOUS" Deny 403 Author
        "two trusted principals list the same signing key, so it speaks for neither"
        "Remove the key from one of the two and issue that token again.";
    Superseded "GS-SUPERSEDED" Deny 403 Author
        "a newer token of the same subject replaces this one"
        "Use the newer token; the message names it.";
    OperatorQuorum "GS-OPERATOR-QUORUM" Error 409 Caller
        "too few of the operator's signing keys would stay"
        "Verifiers that slept follow only what keys that they know endorse. Replace fewer at a time; `--replace-all` does it all the same, for healing.";
    SuccessionNone "GS-SUCCESSION-NONE" Error 409 Caller
        "the operator's token names no next identity"
        "Only an operator that was made with one can be succeeded by it: `greatseal operator create` does, unless it is told otherwise.";
    SuccessionFork "GS-SUCCESSION-FORK" Deny 403 Author
        "an operator has two tokens of equal standing"
        "Ask the operator which one is genuine. It heals this with one token that more keys endorse; until then nothing of it can be believed.";
    SuccessionVoid "GS-SUCCESSION-VOID" Deny 403 Author
        "the token that superseded this one lost its endorsements"
        "Ask the operator for its current token and endorsements; a superseded token never speaks again.";
    SuccessionStale "GS-SUCCESSION-STALE" Deny 403 Caller
        "the operator token that is trusted expired more than 400 days ago"
        "Ask the operator for its current token, compare it with one from a source you trust, and pin that.";
    SuccessionUnknown "GS-SUCCESSION-UNKNOWN" Deny 403 Caller
        "what is trusted does not lead to this operator token"
        "Supply the tokens between and their endorsements with `--with FILE-OR-FOLDER`; without them anybody who stole an identity could have made it.";
    Revoked "GS-REVOKED" Deny 403 Author
        "the token, or one that it rests on, was revoked"
        "Ask for a new one; what is revoked stays revoked.";
    RevocationVoters "GS-REVOCATION-VOTERS" Error 409 Caller
        "nobody at hand may take this back"
        "The key itself may, or a threshold of the operator's other signing keys: bring them (`--more-keys FOLDER`), name who is to sign elsewhere (`--by KEY`), or publish the key's sealed revocation: `greatseal key sealed publish NAME`.";
    RevocationFutile "GS-REVOCATION-FUTILE" Error 409 Caller
        "verifiers would pass over this revocation, whoever signs it"
        "Operator tokens and revocations are never revoked, and an identity strikes signing keys only through succession: `greatseal operator signing-key remove NAME`.";
    SealedMissing "GS-SEALED-MISSING" Error 404 Caller
        "there is no sealed revocation of that key here"
        "It is kept apart from its key: bring its folder or name its file. If the key itself is at hand, `greatseal key sealed make NAME` makes one.";
    KeyListed "GS-KEY-LISTED" Error 409 Caller
        "the key is still listed by a current token"
        "Unlist it first: `greatseal operator signing-key remove NAME`, or the same under `account`.";
    RevocationIgnored "GS-REVOCATION-IGNORED" Deny 403 Caller
        "a revocation has no effect here"
        "Nothing that was judged is touched by it, or its signer may not revoke that. `greatseal inspect FILE` shows who signed it and what it names.";
    AccountNotCountersigned "GS-ACCOUNT-NOT-COUNTERSIGNED" Deny 403 Author
        "the account's own side did not countersign this listing"
        "Supply the countersignatures with `--with FILE-OR-FOLDER`, or ask the account for one: this operator's accounts have to agree to what is listed for them.";
    CodeNotCountersigned "GS-CODE-NOT-COUNTERSIGNED" Deny 403 Author
        "the signing key did not countersign the listing that names it"
        "Supply its countersignature with `--with FILE-OR-FOLDER`; a key speaks only for an account that it agreed to speak for.";
    CodeOwned "GS-CODE-OWNED" Deny 403 Author
        "the module belongs to the account that published it first"
        "Publish it under a module key of your own.";
    SubjectOther "GS-SUBJECT-OTHER" Deny 403 Caller
        "the token is good, and about somebody else than was asked for"
        "Check that the right file was named, or leave `--subject` out.";
    NoRule "GS-NO-RULE" Deny 403 Caller
        "no rule derives authority from this kind of token"
        "Operators, accounts, modules and providers can be verified. `greatseal inspect FILE` shows what others say.";

    UcanCbor "GS-UCAN-CBOR" Deny 400 Author
        "the bytes are no strict DAG-CBOR"
        "A token that arrives like this was changed on its way, or made by a library that writes loose CBOR. Ask the issuer for a new one.";
    UcanInteger "GS-UCAN-INTEGER" Deny 400 Author
        "an integer is larger than every reader can hold"
        "Integers of UCANs stay within ±(2^53-1). Ask the issuer for a token with a smaller one, or with the number as text.";
    UcanEnvelope "GS-UCAN-ENVELOPE" Deny 400 Author
        "the envelope is not that of a UCAN"
        "A UCAN is an array of a signature and a map of `h` and one payload. `greatseal inspect FILE` shows what a file is.";
    UcanTag "GS-UCAN-TAG" Deny 400 Author
        "the payload is of another kind or version than is read here"
        "Delegations and invocations of UCAN 1.0.0 and 1.0.0-rc.1 are read; delegations cannot stand where an invocation belongs. Ask the issuer for a token of this version.";
    UcanVarsig "GS-UCAN-VARSIG" Deny 400 Author
        "the signature header is not the one of the issuer's key"
        "Ed25519, P-256 and secp256k1 over DAG-CBOR are read, and the header has to fit the issuer's DID. Ask the issuer for a new token.";
    UcanField "GS-UCAN-FIELD" Deny 400 Author
        "a field of the payload is missing, wrong or unknown"
        "The message names the field. Ask the issuer for a token that follows UCAN 1.0.0.";
    UcanCommandSyntax "GS-UCAN-COMMAND-SYNTAX" Deny 400 Author
        "a command is not well formed"
        "Commands are lower case and begin with a slash; they do not end with one, and no segment is empty: /crud/read.";
    UcanPolicySyntax "GS-UCAN-POLICY-SYNTAX" Deny 400 Author
        "a policy is not well formed"
        "A statement is [op, selector, value], [\"and\"|\"or\", [...]], [\"not\", statement] or [\"all\"|\"any\", selector, statement].";
    UcanContainer "GS-UCAN-CONTAINER" Deny 400 Author
        "the container is not well formed"
        "A container is a header byte and a map of `ctn-v1` to an array of tokens, each once. Pack it again: `greatseal container pack`.";
    UcanProofMissing "GS-UCAN-PROOF-MISSING" Deny 403 Caller
        "a delegation that the token names was not supplied"
        "Supply it, `--with FILE`, or ask the caller to send its proofs along: `greatseal container pack` puts them into one file.";
    UcanProofKind "GS-UCAN-PROOF-KIND" Deny 403 Author
        "what the token names as a proof is no delegation"
        "Ask the caller to name the delegations, root first.";
    UcanNoProof "GS-UCAN-NO-PROOF" Deny 403 Author
        "the token names no proof, and its issuer is not its subject"
        "Only a subject may invoke without proofs. Ask the caller to name its delegations, root first.";
    UcanRoot "GS-UCAN-ROOT" Deny 403 Author
        "the first delegation is not by the subject"
        "A chain begins with a delegation that the subject itself signed. Some tools name the last one first; proofs are named root first.";
    UcanPowerlineRoot "GS-UCAN-POWERLINE-ROOT" Deny 403 Author
        "the first delegation names no subject"
        "A delegation without a subject passes on what its issuer was given; it cannot be the first. Ask the subject for one that names it.";
    UcanAlignment "GS-UCAN-ALIGNMENT" Deny 403 Author
        "a token is by somebody else than the delegation above it names"
        "Each issuer has to be the audience of the delegation above, and proofs are named root first, each once. Ask the caller for the chain that belongs to its key.";
    UcanSubject "GS-UCAN-SUBJECT" Deny 403 Author
        "a delegation of the chain is about another subject"
        "Ask the caller for delegations of the capability that it invokes.";
    UcanCommand "GS-UCAN-COMMAND" Deny 403 Author
        "a command goes beyond the delegation above it"
        "Each token may only narrow what it was given, by whole segments: /crud covers /crud/read. Ask whoever delegates for the command that is needed.";
    UcanPolicy "GS-UCAN-POLICY" Deny 403 Author
        "the arguments are not what a policy of the chain asks for"
        "`greatseal inspect` on the delegation named shows its policy. Invoke with other arguments, or ask for another delegation.";
    UcanSteps "GS-UCAN-STEPS" Deny 403 Author
        "the policies of the chain take more work than a decision may cost"
        "Ask whoever delegates for simpler policies.";
    UcanAudience "GS-UCAN-AUDIENCE" Deny 403 Caller
        "the invocation is addressed to somebody else"
        "Whoever executes an invocation checks that it is meant for him: name whom, `--audience DID`. Ask the caller to address the service's identity.";
    RootUntrusted "GS-ROOT-UNTRUSTED" Deny 403 Caller
        "the root of the chain is not trusted"
        "If you trust it, name it: `--trust did:key:…`; take the DID from a source that you trust, not from the token in question.";
    UcanSeparation "GS-UCAN-SEPARATION" Deny 403 Author
        "separation is mandated, and a token of the chain does not keep to it"
        "The root delegates to its signing principals only; they delegate on with an expiry; every delegation names its subject. Ask for a delegation that does.";
    UcanReplay "GS-UCAN-REPLAY" Deny 409 Author
        "the invocation was received before"
        "Make a new invocation for each call; its nonce makes it another one.";
    UcanUnbounded "GS-UCAN-UNBOUNDED" Deny 400 Author
        "the invocation never expires, so it cannot be protected from replay"
        "Make invocations that expire, within minutes where that is enough.";
    UcanReplayFull "GS-UCAN-REPLAY-FULL" Deny 503 Caller
        "the memory against replay is full, so nothing new is accepted"
        "It empties as invocations expire. Ask callers for shorter expiries, or give the service a larger memory.";
    UcanLookUp "GS-UCAN-LOOK-UP" Deny 503 Caller
        "it could not be found out whether something was revoked or seen, so it is refused"
        "Bring back what the message names; nothing is accepted without it.";
    CallUnsigned "GS-CALL-UNSIGNED" Deny 401 Caller
        "the call carries no invocation"
        "Send a container with the invocation and its proofs: `Authorization: Bearer` and the container in base64url.";
    CallMalformed "GS-CALL-MALFORMED" Deny 400 Caller
        "what the call carries is not one container with one invocation"
        "Send one header with one container, and in it exactly one invocation with its proofs.";
    CallCommand "GS-CALL-COMMAND" Deny 403 Caller
        "the invocation is of another command than the one executed here"
        "Invoke the command that this address executes; the message names it.";
    CallUnrecorded "GS-CALL-UNRECORDED" Deny 503 Machine
        "the decision could not be recorded, so the call is refused"
        "Make room where the service writes its decision records, and call again with a new invocation.";
    WalletWaiting "GS-WALLET-WAITING" KeyUnavailable 503 Custodian
        "nobody has delegated to the service's running key yet"
        "Answer the request in its wallet: `greatseal service rotate NAME --for request.ucan --out FOLDER`. It goes on by itself when the delegation is there.";
    WalletNoRoute "GS-WALLET-NO-ROUTE" KeyUnavailable 503 Custodian
        "no delegations in the service's wallet lead to what it wants to invoke"
        "Put the missing delegation into the wallet's folder; the message names command, subject and instant. It goes on by itself when it is there.";
    ReplayDamaged "GS-REPLAY-DAMAGED" Error 500 Machine
        "the file that remembers invocations is damaged"
        "Find out what happened to the disk. Move the file away only after every invocation that was accepted has expired: before that, each could be replayed.";

    SignKind "GS-SIGN-KIND" Error 400 Caller
        "the bytes to be signed are no statement that this version knows"
        "Custody signs parsed statements only. Make the request again with this version of greatseal.";
    SignSigner "GS-SIGN-SIGNER" Error 400 Caller
        "the request asks for another key's signature"
        "Use the key that the request names.";
    SignResult "GS-SIGN-RESULT" Error 500 Custodian
        "what custody returned is not this key's signature over this request"
        "Do not use this custody until it is understood why: `greatseal key show NAME` shows where the key lives.";
    SignText "GS-SIGN-TEXT" Usage 400 Caller
        "a text to be signed holds a private seed or control characters"
        "Nothing was signed. Give another text; a seed that was pasted anywhere should be replaced.";

    RequestMalformed "GS-REQUEST-MALFORMED" Error 400 Caller
        "the file is no signing request, or answer to one, that this version reads"
        "Check that the right file was named and that it was copied whole. Both machines should have the same version of greatseal.";
    RequestUnknown "GS-REQUEST-UNKNOWN" Usage 404 Caller
        "no such request is waiting"
        "`greatseal request list` shows the requests that wait in this realm.";
    RequestAltered "GS-REQUEST-ALTERED" Deny 403 Caller
        "the request or answer was altered on its way, or does not agree with itself"
        "Do not sign it, and do not try to mend it. Carry the file again, and find out who had it in between.";
    RequestOther "GS-REQUEST-OTHER" Deny 409 Caller
        "the answer is for another request than any that is waiting"
        "Bring the answer to the request that `greatseal request list` shows; one that was cancelled or made again needs a new answer.";
    RequestOld "GS-REQUEST-OLD" Deny 403 Caller
        "the request is too old to be signed or answered"
        "Cancel it and run the command again that made it. If it is not old, check this machine's clock.";
    RequestFuture "GS-REQUEST-FUTURE" Deny 403 Caller
        "the request says it was made more than five minutes from now"
        "Check this machine's clock and that of the machine that made the request.";
    RequestSigner "GS-REQUEST-SIGNER" Deny 403 Caller
        "the answer is by another key than the request asks for"
        "Have the request signed by the key that it names: `greatseal request show` tells which.";
    RequestComplete "GS-REQUEST-COMPLETE" Error 409 Caller
        "the request has every signature already"
        "There is nothing left to sign or to receive; the record of it is in the realm's history/.";
    RequestWords "GS-REQUEST-WORDS" Deny 403 Caller
        "the words are not those of the request"
        "Nothing was signed. Compare the words with whoever made the request, by voice; if they differ, the file was altered on its way.";
    RequestUnconfirmed "GS-REQUEST-UNCONFIRMED" Usage 400 Caller
        "nobody confirmed what is to be signed"
        "Nothing was signed. Answer `yes` at a terminal, or give the words that were read to you with `--words`, or `--yes`.";

    CustodyMissing "GS-CUSTODY-MISSING" KeyUnavailable 503 Custodian
        "custody has no such key"
        "`greatseal key list` shows the keys there are; `greatseal key import` brings one in.";
    CustodyPin "GS-CUSTODY-PIN" KeyUnavailable 500 Custodian
        "custody holds another key than the one pinned under this name"
        "Nothing was signed. Find out who replaced it; restore the right key file from its backup.";
    CustodyLocked "GS-CUSTODY-LOCKED" KeyUnavailable 403 Custodian
        "the key could not be unlocked"
        "Check the passphrase. Without it the key is lost, by design.";
    CustodyExists "GS-CUSTODY-EXISTS" Error 409 Caller
        "a key of that name exists already, and nothing overwrites a key"
        "Choose another name. To retire the old one, move its file away by hand.";
    CustodyPermissions "GS-CUSTODY-PERMISSIONS" KeyUnavailable 500 Machine
        "others on this machine can read the private folder"
        "`chmod 700` the folder and `chmod 600` the files in it, then ask yourself who may have read them.";
    CustodyMalformed "GS-CUSTODY-MALFORMED" KeyUnavailable 500 Machine
        "the custody file or an encrypted key is damaged"
        "Restore it from its backup; greatseal writes these files whole or not at all.";
    CustodyTooLarge "GS-CUSTODY-TOO-LARGE" Error 413 Caller
        "the message is larger than this custody can sign"
        "Keep this key in another custody, or issue a smaller token.";
    CustodyDeadline "GS-CUSTODY-DEADLINE" KeyUnavailable 504 Custodian
        "custody did not answer in time"
        "Check that the custody answers at all, and try again: signing the same request twice gives the same signature.";
    CustodyUnreachable "GS-CUSTODY-UNREACHABLE" KeyUnavailable 503 Custodian
        "the place that keeps the key cannot be reached"
        "Nothing was lost: what was finished is whole, the rest was not begun. Start it, or mend the way to it, and run the same command again; `greatseal custody doctor` says which keys can be reached.";
    CustodySealed "GS-CUSTODY-SEALED" KeyUnavailable 503 Custodian
        "the place that keeps the key is sealed"
        "Whoever keeps its unseal keys has to unseal it (`bao operator unseal`); then run the same command again.";
    CustodyDenied "GS-CUSTODY-DENIED" KeyUnavailable 403 Custodian
        "the place that keeps the key does not let us do this"
        "The message names what was refused. docs/custody/ has the least that is needed for each place; what is refused beyond signing should stay refused.";
    CustodyVersion "GS-CUSTODY-VERSION" KeyUnavailable 500 Custodian
        "the key was rotated where it is kept, and the pinned version does not sign any more"
        "Nothing was signed. A key is replaced by a new name, never beneath an old one: `greatseal key move` does it. Find out who rotated it.";
    CustodyMemory "GS-CUSTODY-MEMORY" KeyUnavailable 500 Machine
        "a running key has changed in the memory of this machine"
        "Nothing that it signed has left. The service drops it and asks for another: answer with `greatseal service rotate`. Memory that changes by itself is failing, or somebody makes it fail: have the machine looked at.";
    CustodyAnswer "GS-CUSTODY-ANSWER" KeyUnavailable 502 Custodian
        "the place that keeps the key answered something that makes no sense"
        "Nothing was signed. Check that the address is the right one, and what stands between here and there.";
    CustodyUnsupported "GS-CUSTODY-UNSUPPORTED" KeyUnavailable 501 Caller
        "this build, or the place that keeps the key, cannot do this"
        "The message says what is missing: another build (`cargo install --features`), or another place for this key; docs/custody/ compares them.";
    CustodySetup "GS-CUSTODY-SETUP" KeyUnavailable 500 Caller
        "what is needed to reach the key is not set up on this machine"
        "The message says what is missing; docs/custody/ has a page for each place, by commands that can be copied.";
    CustodyPassphrase "GS-CUSTODY-PASSPHRASE" Usage 400 Caller
        "there is no passphrase, and no terminal to ask for one"
        "Run it in a terminal, or name `--passphrase-file FILE` or `--passphrase-fd N`.";
    SeedMalformed "GS-SEED-MALFORMED" Error 400 Caller
        "the file to import holds no seed"
        "An nkey seed has exactly 58 upper-case letters and digits and begins with S; nothing else may stand in the file.";

    BackupMalformed "GS-BACKUP-MALFORMED" Error 400 Caller
        "the file is no whole backup"
        "Take another copy. A backup is one age file with a tar archive in it, which `age -d FILE | tar t` lists too.";
    BackupLocked "GS-BACKUP-LOCKED" KeyUnavailable 403 Custodian
        "the passphrase does not open the backup"
        "Check the passphrase: it is the backup's own, and not the one of a key in it.";
    BackupKey "GS-BACKUP-KEY" Error 500 Custodian
        "a key in the backup is not the one that it should be, or is missing"
        "Do not rely on this backup. Make a new one where the keys are, and check it.";
    BackupExists "GS-BACKUP-EXISTS" Error 409 Caller
        "there is something in the way already, and a backup overwrites nothing"
        "Name another file, or a folder that does not exist yet; move things by hand after you have looked at them.";

    Usage "GS-USAGE" Usage 400 Caller
        "the call's words are off"
        "`greatseal help` and `greatseal COMMAND --help` show them, with examples.";
    Io "GS-IO" Error 500 Machine
        "a file could not be read or written"
        "The message names the file and what the system said. Nothing that existed was changed.";
    FileTooLarge "GS-FILE-TOO-LARGE" Error 413 Caller
        "the file is larger than anything of its kind"
        "Check that the right file was named.";
    TrustMissing "GS-TRUST-MISSING" Usage 400 Caller
        "nothing is trusted, so nothing can be verified"
        "Name whom you trust: `--trust O…` (an operator's key), `--trust A…` (an account's key) or `--trust FILE` (a token, pinned); `greatseal trust add NAME FILE` remembers it. Take the key from a source you trust, not from the file in question.";
    TrustPermissions "GS-TRUST-PERMISSIONS" Error 500 Machine
        "others on this machine can change whom you trust"
        "`chmod 700` the folder, then look through `greatseal trust list`: whoever could write there could add to it.";
    TrustMalformed "GS-TRUST-MALFORMED" Error 500 Machine
        "the trust store is damaged, or holds what is no part of it"
        "Remove the pin with `greatseal trust remove NAME --confirm NAME` and add it again from a source you trust, or restore the folder from its backup.";
    TrustTaken "GS-TRUST-TAKEN" Error 409 Caller
        "the trust store has that name, or that key, already"
        "`greatseal trust list` shows what is pinned. Nothing was replaced: to trust another token under a name, remove the old pin first.";
    TrustUnknown "GS-TRUST-UNKNOWN" Usage 404 Caller
        "the trust store has nothing of that name"
        "`greatseal trust list` shows what is pinned.";
    TrustUnconfirmed "GS-TRUST-UNCONFIRMED" Usage 400 Caller
        "nobody confirmed what was to be pinned"
        "Compare the key and the statement with a source you trust, then answer `yes` at a terminal, or give `--yes`.";
    RealmMissing "GS-REALM-MISSING" Usage 404 Caller
        "there is no realm here or above"
        "Make one with `greatseal init NAME`, change into its folder, or name it with `--realm FOLDER`.";
    RealmExists "GS-REALM-EXISTS" Error 409 Caller
        "there is something in the way already"
        "Choose another name or folder; nothing was overwritten.";
    RealmMalformed "GS-REALM-MALFORMED" Error 400 Caller
        "the realm's file is damaged"
        "Take the last good greatseal.toml from version control; the message names line and column.";
    RealmSchema "GS-REALM-SCHEMA" Error 400 Caller
        "the realm's file is of a form that this greatseal does not know"
        "Use the version of greatseal that wrote it, or a newer one. Nothing was changed.";
    RealmLink "GS-REALM-LINK" Error 400 Caller
        "a part of the realm's folder is a link, or leads out of it"
        "A realm consists of plain files and folders. Find out who put the link there, and take it away.";
    RealmInterrupted "GS-REALM-INTERRUPTED" Error 409 Caller
        "a change was interrupted, and what it was to change is no longer what it was"
        "Bring the file that the message names back to what it was, and run any command again: the change is then completed. Or remove `.greatseal-unfinished` in the realm's folder to give it up.";
    RealmUndo "GS-REALM-UNDO" Error 409 Caller
        "there is nothing to undo"
        "`greatseal undo --list` shows the changes there were.";
    RealmChanged "GS-REALM-CHANGED" Error 409 Caller
        "a file is no longer as the command left it that is to be undone"
        "Nothing was undone. The message names the file; look at it with version control, and change it by hand.";
    RealmPublished "GS-REALM-PUBLISHED" Error 409 Caller
        "what has been published cannot be undone"
        "Others may rely on it already. Issue something newer, or revoke it.";
    NameInvalid "GS-NAME-INVALID" Usage 400 Caller
        "a name may hold lower-case letters, digits and inner hyphens only"
        "Use at most 64 of a-z, 0-9 and -, beginning and ending with a letter or digit.";
    NameTaken "GS-NAME-TAKEN" Error 409 Caller
        "the realm has something of that name already"
        "Choose another name; `greatseal key list` shows the names in use.";
    NameUnknown "GS-NAME-UNKNOWN" Usage 404 Caller
        "the realm has nothing of that name"
        "`greatseal key list` and `greatseal account list` show the names there are.";
    RootMissing "GS-ROOT-MISSING" Usage 404 Caller
        "the realm has no root of UCANs"
        "Make it: `greatseal root create`.";
    DelegationUnknown "GS-DELEGATION-UNKNOWN" Usage 404 Caller
        "the realm has no delegation of that name or CID"
        "`greatseal delegation list --all` shows the delegations there are.";
    DelegationLapsed "GS-DELEGATION-LAPSED" Error 409 Caller
        "the delegation cannot be renewed or revoked, because it is no more"
        "`greatseal delegation list --all` shows what became of it; `greatseal delegation create` makes another.";
    ServiceRetired "GS-SERVICE-RETIRED" Error 409 Caller
        "the service is retired"
        "Nothing is delegated by or to a service that is no more. Make another: `greatseal service create NAME`.";
    RunningKeyRequest "GS-RUNNING-KEY-REQUEST" Deny 403 Caller
        "the file does not ask for a running key of this service"
        "Have the service's wallet make a new request, and compare the key with what the service logs; then type `greatseal service rotate NAME --for FILE` again.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn the_table_goes_both_ways() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.text()), "{code} twice");
            assert_eq!(Code::parse(code.text()), Some(*code));
            assert!(code.text().starts_with("GS-"));
            assert!(!code.title().ends_with('.') && code.advice().ends_with('.'), "{code}");
        }
        assert_eq!(Code::parse("GS-"), None);
    }
}
