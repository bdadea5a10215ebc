//! Strict DAG-CBOR, read in place.
