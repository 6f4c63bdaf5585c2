//! Types of the domain and of the wire, without input or output.
