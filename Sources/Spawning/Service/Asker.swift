/// Who asked the server's question and is answered later: the connection, and the request's number.
struct Asker {
    let connection: UInt64
    let number: UInt64
}
