import CLinux
import Glibc
import LinuxSystem
import SpawnerProtocol

/// Writable layers made ahead of demand by the companion process, so that a request finds one ready.
final class WritableLayerPool {
    /// How many of a shape are kept ready: more as demand outruns them.
    static let readyTargetRange = 4...32
    /// Asked for and not yet here; few, so that a request that must wait does not wait for all of them.
    private static let orderedLimit = 2
    /// Shapes kept ready; the one unused for longest gives way.
    private static let shapeLimit = 8
    /// How long a request waits for the companion, in milliseconds.
    private static let patience: Int32 = 20_000

    private struct Shelf {
        var ready: [HeldMount] = []
        var target = WritableLayerPool.readyTargetRange.lowerBound
        var lastUse: UInt64 = 0
        var failure: BoxFailure?
    }

    private let companion: LayerCompanion
    private var shelves: [DiskShape: Shelf] = [:]
    private var ordered = 0
    private var uses: UInt64 = 0

    init(companion: LayerCompanion) {
        self.companion = companion
    }

    /// Readable when the companion has something to deliver.
    var descriptor: Int32 { companion.descriptor }

    func take(_ shape: DiskShape) throws(BoxFailure) -> HeldMount {
        touch(shape)
        if let layer = shelves[shape]?.ready.popLast() { return layer }
        grow(shape)
        try order(shape)
        while true {
            try companion.wait(milliseconds: Self.patience)
            try receive()
            if let layer = shelves[shape]?.ready.popLast() { return layer }
            if let failure = shelves[shape]?.failure { throw failure }
        }
    }

    /// Orders what is missing on the shelves, up to so many on each, as far as the limit of orders allows.
    func refill(upTo count: Int) throws(BoxFailure) {
        for (shape, shelf) in shelves where shelf.failure == nil {
            guard ordered < Self.orderedLimit else { return }
            if shelf.ready.count + ordered < min(shelf.target, count) { try order(shape) }
        }
    }

    /// Puts one delivery on its shelf.
    /// - Returns: why it was none.
    @discardableResult
    func receive() throws(BoxFailure) -> BoxFailure? {
        let delivery = try companion.receive()
        ordered -= 1
        guard shelves[delivery.shape] != nil else { return nil }  // the shelf gave way meanwhile
        if let layer = delivery.layer {
            shelves[delivery.shape]?.ready.append(layer)
        } else {
            shelves[delivery.shape]?.failure = delivery.failure
        }
        return delivery.failure
    }

    private func order(_ shape: DiskShape) throws(BoxFailure) {
        try companion.order(shape)
        ordered += 1
    }

    private func grow(_ shape: DiskShape) {
        let target = shelves[shape]?.target ?? Self.readyTargetRange.lowerBound
        shelves[shape]?.target = min(target * 2, Self.readyTargetRange.upperBound)
    }

    private func touch(_ shape: DiskShape) {
        uses += 1
        if shelves[shape] == nil, shelves.count >= Self.shapeLimit,
            let oldest = shelves.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            shelves[oldest.key] = nil
        }
        shelves[shape, default: Shelf()].lastUse = uses
        shelves[shape]?.failure = nil
    }
}
