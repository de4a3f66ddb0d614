namespace PredictiveOrchestration.Backends;

/// <summary>The machines that an application works with, for whoever shows them. The core has none; where one is registered with the services, the dashboard shows it.</summary>
internal interface IMachineOverview
{
    /// <summary>The machines as they are known now.</summary>
    MachineOverview GetMachines();
}

/// <summary>Machines that work together.</summary>
/// <param name="Machines">The machines, or a sample of very many.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Places">Runs at one time on all of them.</param>
/// <param name="Waiting">Runs that wait on any.</param>
/// <param name="Running">Runs under way on any.</param>
/// <param name="BacklogSeconds">The predicted work that waits and runs, in seconds of one run after the other.</param>
internal sealed record MachineOverview(IReadOnlyList<MachineStatus> Machines, int Count, int Places, int Waiting, int Running, double BacklogSeconds)
{
    /// <summary>What a job that came now would wait, in seconds.</summary>
    public double BacklogSecondsPerPlace => Places == 0 ? 0 : BacklogSeconds / Places;
}

/// <summary>One machine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsStopping">Whether it takes no new work.</param>
/// <param name="Places">Runs at one time.</param>
/// <param name="Waiting">Runs that wait.</param>
/// <param name="Running">Runs under way.</param>
/// <param name="BacklogSeconds">The predicted work that waits and runs, in seconds of one run after the other.</param>
/// <param name="WaitSeconds">What a run that came now would wait.</param>
/// <param name="Ended">Runs ended since its start.</param>
/// <param name="Cores">Its processors.</param>
/// <param name="MemoryBytes">The memory that runs may take.</param>
/// <param name="Engines">Its engines, each with why it takes no work, or null.</param>
internal sealed record MachineStatus(
    string Name, bool IsStopping, int Places, int Waiting, int Running, double BacklogSeconds, double WaitSeconds, long Ended, int Cores, long MemoryBytes, IReadOnlyList<KeyValuePair<string, string?>> Engines);
