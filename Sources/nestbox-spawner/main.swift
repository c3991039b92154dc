import Spawning

SpawnerProgram.run(CommandLine.arguments)
