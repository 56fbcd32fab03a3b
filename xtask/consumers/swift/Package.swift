// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "consumer",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "OhMQ")],
    targets: [
        .executableTarget(name: "program", dependencies: ["OhMQ"]),
        .executableTarget(name: "readme", dependencies: ["OhMQ"]),
    ]
)
