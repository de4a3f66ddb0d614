using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>How a <see cref="CircuitOptimizer"/> searches.</summary>
public sealed record CircuitOptimizerOptions
{
    /// <summary>Gets the number of orders of passes that live at a time, 2 to 1,000; default 8.</summary>
    public int Population { get; init; } = 8;

    /// <summary>Gets the number of generations after the first, 0 to 1,000; default 6.</summary>
    public int Generations { get; init; } = 6;

    /// <summary>
    /// Gets the most gates of a circuit that is searched for better ones, 1 to 1,000,000; default 50,000. In longer circuits, up to 1,000,000 gates, inverse gates still cancel and rotations merge, where
    /// the time limit leaves two microseconds for each gate.
    /// </summary>
    public int MaxGates { get; init; } = 50_000;
}

/// <summary>
/// Makes circuits cheaper in two turns. First inverse gates cancel and rotations merge, past what commutes, over the whole width of the circuit: some microseconds a gate, each meeting of
/// two gates checked by their matrices. Then an evolutionary search finds an order of passes for what is left, scored by predicted time: the same, runs on one qubit as one gate, known sequences
/// replaced, groups on two qubits (Cartan) and three (Shannon) made anew. The search works in regions of at most nine qubits (14 in short circuits), and a region counts only if it was compared with
/// what it was: whole matrices up to five qubits, random states beyond, to 1e-10. Measurements, resets, barriers, conditions and gates whose angles are known only at run time stay in
/// their order. Thread-safe.
/// </summary>
public sealed class CircuitOptimizer : ICircuitOptimizer
{
    // The share of the time limit that the passes before the search may take, and what they take at most in circuits that are not searched.
    private const double LightShare = 0.5;
    private const int MostGates = 1_000_000;
    private static readonly TimeSpan LightTimePerGate = TimeSpan.FromMicroseconds(1);
    private readonly CircuitOptimizerOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Creates an optimizer.</summary>
    /// <param name="options">How it searches; null for the defaults.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public CircuitOptimizer(CircuitOptimizerOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new CircuitOptimizerOptions();
        _time = time ?? TimeProvider.System;
        if (_options.Population is < 2 or > 1000 || _options.Generations is < 0 or > 1000 || _options.MaxGates is < 1 or > 1_000_000)
        {
            throw new ArgumentOutOfRangeException(nameof(options), _options, "The options of the optimizer are out of range; accepted: Population 2 to 1000, Generations 0 to 1000, MaxGates 1 to 1000000.");
        }
    }

    /// <inheritdoc/>
    public OptimizationResult Optimize(OptimizationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var start = _time.GetTimestamp();
        var before = new Variant(request.Circuit, [], request.PredictSeconds(request.Circuit));
        var (best, order) = (before, (IReadOnlyList<byte>)[]);
        if (before.Gates <= _options.MaxGates || (before.Gates <= MostGates && !(request.TimeLimit * LightShare < before.Gates * LightTimePerGate)))
        {
            bool IsLate(double share) => request.TimeLimit is { } limit && _time.GetElapsedTime(start) > limit * share;
            var light = Lightened(before, request, () => IsLate(LightShare), cancellationToken);
            best = light.Gates == 0 || light.Gates > _options.MaxGates ? light : new Search(request with { Circuit = light.Circuit }, light, () => IsLate(1), cancellationToken).Run(_options);
            order = ReferenceEquals(best, light) ? light.Order : [.. light.Order, .. best.Order];
        }

        var (secondsBefore, secondsAfter) = (before.Seconds, best.Seconds);
        if (request.ConfirmSeconds is { } confirm && !ReferenceEquals(best, before))
        {
            (secondsBefore, secondsAfter) = (confirm(before.Circuit), confirm(best.Circuit));
            if (!(secondsAfter <= secondsBefore * (1 + Variant.Equal)))
            {
                (best, order, secondsAfter) = (before, [], secondsBefore);
            }
        }

        return new OptimizationResult
        {
            Circuit = best.Circuit, Passes = [.. order.Select(PassOrder.Name)], Elapsed = _time.GetElapsedTime(start), PredictedSecondsBefore = secondsBefore, PredictedSecondsAfter = secondsAfter,
            GatesBefore = before.Gates, GatesAfter = best.Gates, MultiQubitGatesBefore = before.Several, MultiQubitGatesAfter = best.Several,
        };
    }

    // The light passes over whole blocks; the circuit itself if they find nothing that pays.
    private static Variant Lightened(Variant original, OptimizationRequest request, Func<bool> isLate, CancellationToken cancellationToken)
    {
        var changed = false;
        IReadOnlyList<Step> Lighter(Region block)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var meetings = new List<Meeting>();
            var made = Cancellation.Run(block.Steps, adds: true, commutes: true, meetings, isLate);
            var holds = meetings.Count > 0 && Meetings.Hold(block.Steps, made, meetings, request.Seed);
            changed |= holds;
            return holds ? made : block.Steps;
        }

        List<IReadOnlyList<Step>> blocks = [.. StepReader.Blocks(request.Circuit).Select(Lighter)];
        if (!changed)
        {
            return original;
        }

        var circuit = StepReader.Write(request.Circuit, blocks);
        var light = new Variant(circuit, [PassOrder.Commute], request.PredictSeconds(circuit));
        return light.Saves(original) && light.IsBetterThan(original) ? light : original;
    }

    private sealed class Variant
    {
        public const double Equal = 1e-3;

        public Variant(Circuit circuit, byte[] order, double seconds)
        {
            (Circuit, Order, Seconds) = (circuit, order, seconds);
            foreach (ref readonly var op in circuit.Operations)
            {
                Gates += op.Kind <= OperationKind.Unitary ? 1 : 0;
                if (op.Kind <= OperationKind.Unitary && op.QubitCount > 1)
                {
                    Several++;
                    var kind = (op.Kind, op.GateIndex, op.ControlCount, op.QubitCount);
                    _kinds[kind] = _kinds.GetValueOrDefault(kind) + 1;
                }
            }
        }

        private readonly Dictionary<(OperationKind, ushort, ushort, int), int> _kinds = [];

        public Circuit Circuit { get; }

        public byte[] Order { get; }

        public double Seconds { get; }

        public int Gates { get; }

        public int Several { get; }

        // Whether it saves without doubt: fewer gates, and among those on several qubits either no kind more often than before, or a twentieth fewer in all. Other gates in the same number
        // are predicted less surely than fewer gates, and a search finds every place where a prediction errs.
        public bool Saves(Variant original) =>
            Gates <= original.Gates && Several <= original.Several && Gates + Several < original.Gates + original.Several
            && (Several <= 0.95 * original.Several || _kinds.All(k => k.Value <= original._kinds.GetValueOrDefault(k.Key)));

        // Predictions that differ by less than a thousandth are equal; fewer gates on several qubits decide then, and fewer gates.
        public bool IsBetterThan(Variant other)
        {
            var isEqual = Seconds == other.Seconds || Math.Abs(Seconds - other.Seconds) <= Equal * Math.Min(Seconds, other.Seconds);
            return isEqual ? (Several, Gates).CompareTo((other.Several, other.Gates)) < 0 : Seconds < other.Seconds;
        }
    }

    private sealed class Search(OptimizationRequest request, Variant original, Func<bool> isLate, CancellationToken cancellationToken)
    {
        private readonly List<Region> _regions = StepReader.Regions(request.Circuit);
        private readonly Dictionary<string, IReadOnlyList<Step>[]> _made = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Variant> _variants = new(StringComparer.Ordinal);
        private readonly SeededRandom _random = new(request.Seed, 0x6f7074696dUL);

        public Variant Run(CircuitOptimizerOptions options)
        {
            var living = PassOrder.First.Take(options.Population).Select(Try).OfType<Variant>().ToList();
            for (var generation = 0; generation < options.Generations && living.Count > 1 && !isLate(); generation++)
            {
                var children = Enumerable.Range(0, options.Population).Select(_ => PassOrder.Child(Parent(living), Parent(living), _random)).ToList();
                living.AddRange(children.Select(Try).OfType<Variant>());
                living = [.. living.DistinctBy(v => Key(v.Order, v.Order.Length)).Order(Comparer<Variant>.Create((a, b) => a.Saves(original) != b.Saves(original) ? a.Saves(original) ? -1 : 1 : a.IsBetterThan(b) ? -1 : b.IsBetterThan(a) ? 1 : 0)).Take(options.Population)];
            }

            var ranked = living.Where(v => v.Saves(original) && v.IsBetterThan(original)).ToList();
            while (ranked.Count > 0)
            {
                // Whoever fails the check is out; the next best is looked at.
                var best = ranked.Aggregate((a, b) => b.IsBetterThan(a) ? b : a);
                if (Checked(best) is { } sound && sound.Saves(original) && sound.IsBetterThan(original))
                {
                    return sound;
                }

                ranked.Remove(best);
            }

            return original;
        }

        // The better of two by chance.
        private byte[] Parent(List<Variant> living)
        {
            var (a, b) = (living[_random.Next(living.Count)], living[_random.Next(living.Count)]);
            return (a.IsBetterThan(b) ? a : b).Order;
        }

        private Variant? Try(byte[] order)
        {
            var key = Key(order, order.Length);
            if (!_variants.TryGetValue(key, out var variant) && Made(order) is { } regions)
            {
                var circuit = StepReader.Write(request.Circuit, regions);
                _variants[key] = variant = new Variant(circuit, order, request.PredictSeconds(circuit));
            }

            return variant;
        }

        // Orders that begin alike share what the beginning made.
        private IReadOnlyList<Step>[]? Made(byte[] order)
        {
            IReadOnlyList<Step>[] regions = [.. _regions.Select(r => r.Steps)];
            for (var k = 1; k <= order.Length; k++)
            {
                var key = Key(order, k);
                if (_made.TryGetValue(key, out var known))
                {
                    regions = known;
                    continue;
                }

                var next = new IReadOnlyList<Step>[regions.Length];
                for (var r = 0; r < next.Length; r++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (isLate())
                    {
                        return null;
                    }

                    next[r] = regions[r].Count > 1 || _regions[r].Gates > 0 ? PassOrder.Run(order[k - 1], regions[r]) : regions[r];
                }

                regions = _made[key] = next;
            }

            return regions;
        }

        // Regions that do not stand the comparison are taken from the original.
        private Variant? Checked(Variant variant)
        {
            var regions = Made(variant.Order);
            if (regions is null)
            {
                return null;
            }

            var sound = new IReadOnlyList<Step>[regions.Length];
            var all = true;
            for (var r = 0; r < sound.Length; r++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var isSound = ReferenceEquals(regions[r], _regions[r].Steps)
                    || (_regions[r].Qubits.Length <= StepReader.MostQubits ? Probe.AreEquivalent(_regions[r].Steps, regions[r], _regions[r].Qubits, request.Seed, isLate) : regions[r].SequenceEqual(_regions[r].Steps));
                sound[r] = isSound ? regions[r] : _regions[r].Steps;
                all &= isSound;
            }

            if (all)
            {
                return variant;
            }

            var circuit = StepReader.Write(request.Circuit, sound);
            return new Variant(circuit, variant.Order, request.PredictSeconds(circuit));
        }

        private static string Key(byte[] order, int length) => string.Create(length, order, static (span, o) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = (char)('a' + o[i]);
            }
        });
    }
}
