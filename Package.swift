// swift-tools-version: 6.1
import PackageDescription

/// Linked statically, so that the two programs run where no libc and no Swift runtime is: a sandbox's root, a rescue shell.
let staticExecutable: [LinkerSetting] = [.unsafeFlags(["-static-executable"])]
/// Laid out so that its code can be mapped in pages of 2 MiB: each sandbox's first process starts with few page faults.
let largePages: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "max-page-size=0x200000"])]

let package = Package(
    name: "nestbox",
    products: [
        .executable(name: "nestbox", targets: ["nestbox"]),
        .executable(name: "nestbox-spawner", targets: ["nestbox-spawner"]),
        .executable(name: "nestbox-guest", targets: ["nestbox-guest"]),
        .executable(name: "nestbox-run", targets: ["nestbox-run"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // The kernel seam and the two small programs. No Foundation, no NIO.
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "LinuxSystem", dependencies: ["CLinux"]),
        .target(name: "WireCoding"),
        .target(name: "GuestProtocol", dependencies: ["WireCoding"]),
        .target(name: "SpawnerProtocol", dependencies: ["WireCoding"]),
        .target(name: "GuestServices", dependencies: ["CLinux", "LinuxSystem", "GuestProtocol", "WireCoding"]),
        .executableTarget(
            name: "nestbox-guest", dependencies: ["GuestServices", "LinuxSystem"],
            linkerSettings: staticExecutable + largePages),
        .executableTarget(
            name: "nestbox-spawner", dependencies: ["Spawning"], linkerSettings: staticExecutable),
        .target(name: "Spawning", dependencies: ["CLinux", "LinuxSystem", "SpawnerProtocol", "WireCoding"]),
        .target(name: "HostProbes", dependencies: ["CLinux", "LinuxSystem"]),
        .target(name: "DirectRun", dependencies: ["CLinux", "LinuxSystem"]),
        .executableTarget(name: "nestbox-run", dependencies: ["DirectRun"], linkerSettings: staticExecutable),

        // The server, lowest first.
        .target(name: "SandboxModel"),
        .target(name: "KernelProtocol"),
        .target(name: "Isolation", dependencies: ["SandboxModel"]),
        .target(
            name: "GuestClient",
            dependencies: [
                "GuestProtocol", "LinuxSystem", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "IsolationBackends",
            dependencies: [
                "Isolation", "SpawnerProtocol", "WireCoding", "CLinux",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "Layers", dependencies: ["SandboxModel"]),
        .target(
            name: "Persistence", dependencies: ["SandboxModel", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(
            name: "Auth",
            dependencies: ["SandboxModel", "Persistence", .product(name: "Crypto", package: "swift-crypto")]),
        .target(
            name: "Orchestrator",
            dependencies: [
                "SandboxModel", "Isolation", "Layers", "Persistence", .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Interpreter",
            dependencies: [
                "KernelProtocol", "GuestClient", "GuestProtocol", "Isolation", "Layers", "Orchestrator", "SandboxModel",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "HTTPExchange",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "E2BAPI",
            dependencies: [
                "HTTPExchange", "Auth", "Orchestrator", "Interpreter", "KernelProtocol", "GuestClient", "GuestProtocol",
                "SandboxModel", "WireCoding", "CZlib", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Edge",
            dependencies: [
                "E2BAPI", "HTTPExchange", "GuestClient", "KernelProtocol", "Orchestrator", "SandboxModel",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "APIClient",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "nestbox",
            dependencies: [
                "APIClient", "Edge", "E2BAPI", "HTTPExchange", "Interpreter", "Orchestrator", "IsolationBackends",
                "GuestClient", "GuestProtocol", "KernelProtocol", "WireCoding", "Auth", "Persistence", "Layers",
                "SandboxModel", "CLinux", "LinuxSystem", "SpawnerProtocol", "HostProbes", "DirectRun",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"), .product(name: "Logging", package: "swift-log"),
            ]),

        // Claims. Each suite says in its name what it is about.
        .testTarget(name: "WireCodingTests", dependencies: ["WireCoding"]),
        .testTarget(name: "GuestProtocolTests", dependencies: ["GuestProtocol", "WireCoding"]),
        .testTarget(
            name: "GuestServicesTests",
            dependencies: ["GuestServices", "GuestProtocol", "WireCoding", "CLinux"]),
        .testTarget(name: "SpawnerProtocolTests", dependencies: ["SpawnerProtocol", "WireCoding"]),
        .testTarget(name: "SandboxModelTests", dependencies: ["SandboxModel"]),
        .testTarget(name: "LinuxSystemTests", dependencies: ["LinuxSystem", "CLinux"]),
        .testTarget(name: "DirectRunTests", dependencies: ["DirectRun", "LinuxSystem"]),
        .testTarget(name: "HostProbesTests", dependencies: ["HostProbes", "LinuxSystem"]),
        // The live tests run nestbox-spawner and box-probe; a test that depends on a static program does not link.
        .executableTarget(
            name: "box-probe", path: "Tests/BoxProbe", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: staticExecutable),
        .testTarget(
            name: "SpawningTests",
            dependencies: ["Spawning", "LinuxSystem", "SpawnerProtocol", "GuestProtocol", "WireCoding", "CLinux"]),
        .testTarget(name: "LayersTests", dependencies: ["Layers", "SandboxModel"]),
        .testTarget(
            name: "PersistenceTests",
            dependencies: ["Persistence", "SandboxModel", .product(name: "GRDB", package: "GRDB.swift")]),
        .testTarget(name: "AuthTests", dependencies: ["Auth", "Persistence", "SandboxModel"]),
        .testTarget(
            name: "IsolationBackendsTests",
            dependencies: [
                "IsolationBackends", "Isolation", "SpawnerProtocol", "WireCoding", "SandboxModel",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "OrchestratorTests",
            dependencies: [
                "Orchestrator", "Isolation", "Persistence", "Layers", "SandboxModel",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: ["nestbox", "SandboxModel", .product(name: "NIOCore", package: "swift-nio")]),
        .testTarget(name: "GuestClientTests", dependencies: ["GuestClient", "GuestProtocol"]),
        .testTarget(name: "KernelProtocolTests", dependencies: ["KernelProtocol"]),
        .testTarget(
            name: "InterpreterTests",
            dependencies: [
                "Interpreter", "KernelProtocol", "GuestClient", "GuestProtocol", "Isolation", "Layers", "Orchestrator",
                "SandboxModel", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "E2BAPITests",
            dependencies: [
                "E2BAPI", "HTTPExchange", "Interpreter", "KernelProtocol", "GuestClient", "GuestProtocol", "Auth",
                "Orchestrator", "Isolation", "Persistence", "Layers",
            ]),
        .testTarget(name: "EdgeTests", dependencies: ["Edge", "GuestClient", "HTTPExchange"]),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz` builds with NESTBOX_FUZZ=1 in a folder of its own: the targets that read hostile bytes are then
// instrumented for libFuzzer.
if Context.environment["NESTBOX_FUZZ"] == "1" {
    let fuzzer: [String] = ["-sanitize=fuzzer"]
    for target in package.targets
    where [
        "WireCoding", "GuestProtocol", "SpawnerProtocol", "KernelProtocol", "HTTPExchange", "Layers", "E2BAPI", "Edge",
    ].contains(target.name) {
        target.swiftSettings = [.unsafeFlags(fuzzer)]
    }
    func fuzzTarget(_ name: String, _ dependencies: [Target.Dependency]) {
        package.targets.append(
            .executableTarget(
                name: name, dependencies: dependencies, path: "Fuzz/\(name)", swiftSettings: [.unsafeFlags(fuzzer)],
                linkerSettings: [.unsafeFlags(fuzzer + ["-use-ld=lld"])]))
    }
    fuzzTarget("fuzz-protocols", ["GuestProtocol", "SpawnerProtocol", "WireCoding"])
    fuzzTarget("fuzz-kernels", ["KernelProtocol"])
    fuzzTarget(
        "fuzz-http",
        [
            "E2BAPI", "Edge", "HTTPExchange", "Layers", "SandboxModel", .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
        ])
}
