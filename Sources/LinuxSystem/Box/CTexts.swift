import Glibc

/// C strings, and arrays of them, that live as long as this does.
final class CTexts {
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private var arrays: [UnsafeMutablePointer<UnsafePointer<CChar>?>] = []

    /// Room for every string is asked for from the C library, which ends the program when there is none.
    subscript(_ text: String) -> UnsafePointer<CChar> {
        guard let copy = strdup(text) else { fatalError("out of memory for a text of \(text.utf8.count) bytes") }
        strings.append(copy)
        return UnsafePointer(copy)
    }

    /// With a null pointer behind the last.
    subscript(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        let array = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: texts.count + 1)
        array.initialize(repeating: nil, count: texts.count + 1)
        for (index, text) in texts.enumerated() { array[index] = self[text] }
        arrays.append(array)
        return UnsafePointer(array)
    }

    deinit {
        for string in strings { free(string) }
        for array in arrays { array.deallocate() }
    }
}
