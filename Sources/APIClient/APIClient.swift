/// The commands' way to the server.
public struct APIClient {}
