import Foundation
@testable import E2BAPI
import HTTPExchange
@testable import Layers
import NIOCore
import NIOHTTP1

/// A request's target, and the signature that its query may hold.
func fuzzTarget(_ bytes: [UInt8]) {
    guard let target = RequestTarget(text(bytes)) else { return }
    let path = target.segments.map { "/" + percentEncoded($0) }.joined()
    let query = target.query.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
    let again = RequestTarget(path + "?" + query)
    precondition(again?.segments == target.segments && again?.query == target.query, "what is decoded is written again")

    let request = HTTPRequest(method: .GET, target: target, headers: [:], body: RequestBody(ByteBuffer()), id: "")
    if let signature = FileSignature(of: request) {
        precondition(!signature.isMade(with: "a token that nobody knows"), "a signature is made, not guessed")
    }
}

/// The `metadata` query of the lists, its first layer off.
func fuzzMetadata(_ bytes: [UInt8]) {
    do {
        let pairs = try MetadataFilter.pairs(text(bytes))
        let form = pairs.map { percentEncoded($0.key) + "=" + percentEncoded($0.value) }.joined(separator: "&")
        let again = try MetadataFilter.pairs(percentEncoded(form))
        precondition(again == pairs, "what is decoded is written again")
    } catch {
        precondition(error.field == "metadata", "the error names the field")
    }
}

/// A `template.json`.
func fuzzTemplate(_ bytes: [UInt8]) {
    guard let file = try? JSONDecoder().decode(TemplateFile.self, from: Data(bytes)) else { return }  // refused
    _ = try? file.template()  // throws nothing but a `SpecError`: the compiler knows
}
