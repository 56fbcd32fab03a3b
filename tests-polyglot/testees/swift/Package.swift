// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "testee",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../bindings-swift")],
    targets: [
        .executableTarget(name: "testee", dependencies: [.product(name: "OhMQ", package: "bindings-swift")])
    ]
)
