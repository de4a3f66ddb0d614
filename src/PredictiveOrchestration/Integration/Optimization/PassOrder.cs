using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>The passes, and orders of them as a search makes them.</summary>
internal static class PassOrder
{
    private const int Longest = 10;

    private static readonly (string Name, Func<IReadOnlyList<Step>, List<Step>> Run)[] All =
    [
        ("cancel", s => Cancellation.Run(s, adds: false, commutes: false)),
        ("merge rotations", s => Cancellation.Run(s, adds: true, commutes: false)),
        ("commute", s => Cancellation.Run(s, adds: true, commutes: true)),
        ("one qubit", Resynthesis.Ones),
        ("templates", Templates.Run),
        ("two qubits", s => Resynthesis.Pairs(s, rotations: false)),
        ("two qubits by rotations", s => Resynthesis.Pairs(s, rotations: true)),
        ("three qubits", Resynthesis.Triples),
    ];

    /// <summary>The number of passes.</summary>
    public static int Count => All.Length;

    /// <summary>The pass that cancels and merges past what commutes.</summary>
    public const byte Commute = 2;

    /// <summary>Orders to begin with: the light passes, with templates, and with either kind of resynthesis.</summary>
    public static IReadOnlyList<byte[]> First { get; } = [[2, 4, 2], [2, 3, 2], [2, 4, 2, 3, 2], [2, 6, 3, 2], [2, 5, 3, 2], [2, 7, 5, 3, 2]];

    public static string Name(byte pass) => All[pass].Name;

    public static List<Step> Run(byte pass, IReadOnlyList<Step> steps) => All[pass].Run(steps);

    /// <summary>A child of two orders: the head of one, the tail of the other, and now and then a pass put in, taken out or changed.</summary>
    public static byte[] Child(byte[] mother, byte[] father, SeededRandom random)
    {
        var genes = mother.Take(random.Next(mother.Length + 1)).Concat(father.Skip(random.Next(father.Length + 1))).ToList();
        switch (random.Next(4))
        {
            case 0:
                genes.Insert(random.Next(genes.Count + 1), (byte)random.Next(All.Length));
                break;
            case 1 when genes.Count > 1:
                genes.RemoveAt(random.Next(genes.Count));
                break;
            case 2 when genes.Count > 0:
                genes[random.Next(genes.Count)] = (byte)random.Next(All.Length);
                break;
        }

        return genes.Count == 0 ? [(byte)random.Next(All.Length)] : [.. genes.Take(Longest)];
    }
}
