using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Common;
using PredictiveOrchestration.Noise;
using PredictiveOrchestration.Transpilation;

namespace PredictiveOrchestration.Simulation.Noisy;

/// <summary>
/// A device that is simulated with its errors, by quantum trajectories on the engines it is given: the counts are a sample of what the noise model's channels make
/// of the circuit, exactly. Equal seeds give equal counts, whatever the threads. Clifford circuits under Pauli noise run as Pauli frames. Thread-safe.
/// </summary>
public sealed class NoisySimulator : ICompilingBackend
{
    private readonly NoiseModel _noise;
    private readonly DeviceModel? _device;
    private readonly LocalSimulator[] _engines;

    /// <summary>Makes a device.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="engines">The engines, preferred ones first; the first that can run a circuit does. At least one.</param>
    /// <exception cref="ArgumentException">An option is wrong, or there is no engine.</exception>
    public NoisySimulator(NoisySimulatorOptions options, params IReadOnlyList<LocalSimulator> engines)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(engines);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Id);
        if (engines.Count == 0)
        {
            throw new ArgumentException("A simulated device needs at least one engine.", nameof(engines));
        }

        _noise = options.Noise ?? (options.Calibration is { } known ? NoiseModel.FromCalibration(known) : throw new ArgumentException("A simulated device needs a noise model or a calibration.", nameof(options)));
        _noise.Check();
        Calibration = options.Calibration ?? _noise.ToCalibration();
        _device = options.Device;
        _device?.Check();
        _engines = [.. engines];
        var general = Array.Find(_engines, e => !e.Descriptor.Capabilities.CliffordOnly) ?? _engines[0];
        var most = _engines.Max(e => e.Descriptor.Capabilities.MaxQubits) - 1;
        Descriptor = new BackendDescriptor
        {
            Id = options.Id,
            Type = BackendType.HardwareBackend,
            DisplayName = options.DisplayName ?? $"Simulated device '{_noise.Name}'",
            CostModel = "noisy",
            IsLocal = true,
            MaxThreads = _engines.Max(e => e.Descriptor.MaxThreads),
            Errors = Calibration.ToErrorRates(),
            Capabilities = new BackendCapabilities
            {
                MaxQubits = Math.Min(most, _device?.NumQubits ?? (options.Calibration is { NumQubits: > 0 } calibrated ? calibrated.NumQubits : most)),
                MaxMemoryBytes = general.Descriptor.Capabilities.MaxMemoryBytes,
                ClassicalControl = _device is null,
                ShotRanges = true,
                IsExact = false,
            },
        };
    }

    /// <inheritdoc/>
    public BackendDescriptor Descriptor { get; }

    /// <summary>Gets the calibration that it was made from, or that of a device with its noise.</summary>
    public DeviceCalibration Calibration { get; }

    /// <summary>Gets a value indicating whether circuits are transpiled before they run.</summary>
    public bool Transpiles => _device is not null;

    /// <inheritdoc/>
    public Task<ExecutionResult> ExecuteAsync(ExecutionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        return Task.Run(() => Execute(request, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public DeviceCounts? Compile(Circuit circuit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        return _device is null ? DeviceCompiler.Count(DeviceCompiler.Measured(circuit) ?? circuit, Calibration) : DeviceCompiler.TryCount(circuit, _device, Calibration, cancellationToken);
    }

    private ExecutionResult Execute(ExecutionRequest request, CancellationToken cancellationToken)
    {
        var (circuit, physical) = Compiled(request, cancellationToken);
        var plan = NoisePlan.Of(circuit, _noise, physical);
        var engine = Array.Find(_engines, e => CanRun(e, plan)) ?? throw new BackendException(
            BackendErrorKind.Unsupported, Descriptor.Id, $"None of the engines of '{Descriptor.Id}' runs {circuit.NumQubits} qubits{(plan.HasDamping ? " and one more, which damping needs" : string.Empty)}.");
        try
        {
            var inner = request with { Circuit = circuit };
            var result = engine.TryRunNoisy(inner, plan, engine.ContextOf(inner, cancellationToken)) ?? new TrajectoryRunner(engine, inner, plan, cancellationToken).Run();
            return result with
            {
                BackendId = Descriptor.Id,
                IsExact = false,
                Counts = request.DefersReadout ? result.Counts : Misread(result.Counts, plan.Misreads, request.Seed, cancellationToken),
                DeferredMisreads = request.DefersReadout ? plan.Misreads : null,
            };
        }
        catch (OutOfMemoryException exception)
        {
            throw new BackendException(BackendErrorKind.OutOfMemory, Descriptor.Id, $"The simulated device '{Descriptor.Id}' ran out of memory. Use fewer qubits or fewer shots.", exception);
        }
        catch (BackendException exception) when (exception.BackendId != Descriptor.Id)
        {
            throw new BackendException(exception.Kind, Descriptor.Id, $"The simulated device '{Descriptor.Id}': {exception.Message}", exception)
            {
                RequiredBytes = exception.RequiredBytes, AvailableBytes = exception.AvailableBytes, OperationIndex = exception.OperationIndex,
            };
        }
    }

    /// <summary>Reads bits wrong as the run with this seed does, from the counts of all its shots.</summary>
    internal static IReadOnlyDictionary<BitString, long> Misread(IReadOnlyDictionary<BitString, long> counts, ReadoutFlips[] errors, ulong seed, CancellationToken cancellationToken) =>
        Misreading.Apply(counts, errors, Philox.UInt64(ErrorDraws.SeedOf(seed), 1, 0), cancellationToken);

    // On the device's qubits and in its gates where it has a model, without the qubits that nothing acts on.
    private (Circuit Circuit, int[]? Physical) Compiled(ExecutionRequest request, CancellationToken cancellationToken)
    {
        var measured = DeviceCompiler.Measured(request.Circuit)
            ?? throw new BackendException(BackendErrorKind.Unsupported, Descriptor.Id, $"Backend '{Descriptor.Id}' needs a circuit that measures something, if it has classical operations.");
        if (_device is null)
        {
            return (measured, null);
        }

        try
        {
            var transpiled = Transpiler.Transpile(measured, _device, 0, cancellationToken).Circuit;
            return DeviceCompiler.Compact(transpiled);
        }
        catch (TranspilationException exception)
        {
            throw new BackendException(BackendErrorKind.Unsupported, Descriptor.Id, $"Backend '{Descriptor.Id}' cannot run the circuit: {exception.Message}", exception);
        }
    }

    private static bool CanRun(LocalSimulator engine, NoisePlan plan)
    {
        var can = engine.Descriptor.Capabilities;
        var circuit = plan.Circuit;
        if (circuit.NumQubits + (plan.HasDamping ? 1 : 0) > can.MaxQubits)
        {
            return false;
        }

        if (!can.CliffordOnly)
        {
            return true;
        }

        foreach (ref readonly var op in circuit.Operations)
        {
            if (op.Kind is OperationKind.Gate or OperationKind.Unitary && (op.HasDynamicParameters || !circuit.IsClifford(op)))
            {
                return false;
            }
        }

        return !plan.HasDamping;
    }

    private void Check(ExecutionRequest request)
    {
        var can = Descriptor.Capabilities;
        var loops = false;
        foreach (ref readonly var op in request.Circuit.Operations)
        {
            loops |= op.Kind == OperationKind.While;
        }

        var problem = request.Circuit.NumQubits > can.MaxQubits ? $"it has {can.MaxQubits} qubits, the circuit {request.Circuit.NumQubits}"
            : request.Shots < 1 ? "it needs at least one shot"
            : request.RequireExact ? "its results are noisy and an exact answer is required; set RequireExact to false to allow them"
            : request.TopProbabilities > 0 ? "it does not return exact probabilities"
            : request.Observables.Count > 0 ? "it does not return expectation values"
            : loops ? "it does not run loops that depend on measurements"
            : null;
        if (problem is not null)
        {
            throw new BackendException(BackendErrorKind.Unsupported, Descriptor.Id, $"Backend '{Descriptor.Id}' does not take the job: {problem}.");
        }
    }
}

/// <summary>What a simulated device is.</summary>
public sealed record NoisySimulatorOptions
{
    /// <summary>Gets the backend's id; default <c>noisy</c>.</summary>
    public string Id { get; init; } = "noisy";

    /// <summary>Gets the name shown to people; null (default) for one made of the noise model's.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Gets the noise; null (default) for that of <see cref="Calibration"/>.</summary>
    public NoiseModel? Noise { get; init; }

    /// <summary>Gets the calibration from which noise and predicted fidelity are taken; null (default) if there is only <see cref="Noise"/>.</summary>
    public DeviceCalibration? Calibration { get; init; }

    /// <summary>
    /// What stands in for a calibrated device: named after it, with its noise; circuits are transpiled where the calibration names gates or couplings.
    /// </summary>
    /// <param name="calibration">The calibration.</param>
    public static NoisySimulatorOptions For(DeviceCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        var name = new string([.. calibration.Device.Replace("qpu.", string.Empty, StringComparison.Ordinal).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '-')]).ToLowerInvariant();
        return new NoisySimulatorOptions
        {
            Id = name.Length == 0 ? "noisy" : name,
            Calibration = calibration,
            Device = calibration.NumQubits > 0 && (calibration.Couplings.Count > 0 || calibration.BasisGates.Count > 0) ? DeviceModel.FromCalibration(calibration) : null,
        };
    }

    /// <summary>Gets the gates and couplings that circuits are transpiled to before they run; null (default) to run them as they are.</summary>
    public DeviceModel? Device { get; init; }
}
