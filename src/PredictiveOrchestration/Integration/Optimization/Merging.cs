using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Integration.Optimization;

/// <summary>Two gates on the same qubits as one or none, and matrices on one qubit as gates with names. Equal up to a global phase; exact where there are controls.</summary>
internal static class Merging
{
    private const double Tolerance = 1e-12, Snap = 1e-11;

    private static readonly GateDefinition[] Named =
        [GateCatalog.Z, GateCatalog.S, GateCatalog.Sdg, GateCatalog.T, GateCatalog.Tdg, GateCatalog.X, GateCatalog.Y, GateCatalog.H, GateCatalog.SX, GateCatalog.SXdg];

    private static readonly Complex[][] NamedMatrices = Array.ConvertAll(Named, g => Step.Of(g, 0, [], 0).Matrix);

    /// <summary>Whether the second undoes the first.</summary>
    public static bool Cancel(Step first, Step second)
    {
        if (first.IsFixed || second.IsFixed || !first.HasSameOperands(second))
        {
            return false;
        }

        var (a, b, n) = (first.Matrix, second.Matrix, 1 << first.Targets);
        var phase = Complex.Zero;
        for (var row = 0; row < n; row++)
        {
            for (var column = 0; column < n; column++)
            {
                Complex sum = 0;
                for (var k = 0; k < n; k++)
                {
                    sum += b[row * n + k] * a[k * n + column];
                }

                phase = row == 0 && column == 0 ? first.Controls > 0 ? 1 : sum : phase;
                if (Probe.Square(sum - (row == column ? phase : 0)) > Tolerance * Tolerance)
                {
                    return false;
                }
            }
        }

        return Probe.Square(phase) > 0.25;
    }

    /// <summary>Both as one rotation about their common axis; false if they are not such.</summary>
    public static bool Add(Step first, Step second, out Step? sum)
    {
        sum = null;
        if (first.IsFixed || second.IsFixed || first.Gate is null || second.Gate is null || !first.HasSameOperands(second))
        {
            return false;
        }

        if (Phase(first) is { } a && Phase(second) is { } b)
        {
            sum = PhaseStep(a + b, first.Controls, first.Qubits, first.Gate == GateCatalog.RZ && second.Gate == GateCatalog.RZ);
            return true;
        }

        if (first.Gate != second.Gate || first.Gate.NumParameters != 1 || first.Gate.Inverse != GateInverse.NegateParameters)
        {
            return false;
        }

        var angle = Snapped(Math.IEEERemainder(first.Parameters[0] + second.Parameters[0], first.Controls > 0 ? 4 * Math.PI : 2 * Math.PI));
        sum = angle == 0 ? null : Step.Of(first.Gate, first.Controls, [angle], first.Qubits);
        return true;
    }

    /// <summary>Whether a step does nothing.</summary>
    public static bool IsNothing(Step step)
    {
        if (step.IsFixed)
        {
            return false;
        }

        var (m, n) = (step.Matrix, 1 << step.Targets);
        if (n == 1)
        {
            return step.Controls == 0;
        }

        var phase = step.Controls > 0 ? 1 : m[0];
        for (var i = 0; i < m.Length; i++)
        {
            if (Probe.Square(m[i] - (i / n == i % n ? phase : 0)) > Tolerance * Tolerance)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A one-qubit unitary as a gate, a Clifford gate by its name; null for the identity.</summary>
    public static Step? OneQubit(Complex[] m, int qubit)
    {
        if (Probe.Distance([1, 0, 0, 1], m) < Snap)
        {
            return null;
        }

        for (var k = 0; k < Named.Length; k++)
        {
            if (Probe.Distance(NamedMatrices[k], m) < Snap)
            {
                return Step.Of(Named[k], 0, [], qubit);
            }
        }

        if (m[1].Magnitude < Tolerance && m[2].Magnitude < Tolerance)
        {
            return PhaseStep((m[3] / m[0]).Phase, 0, [qubit], false);
        }

        // u(θ, φ, λ): with the phase taken so that m[0] is positive, m[2] = e^{iφ} sin, m[1] = -e^{iλ} sin.
        var theta = 2 * Math.Atan2(m[2].Magnitude, m[0].Magnitude);
        var (phi, lambda) = m[0].Magnitude < Snap ? ((-m[2] / m[1]).Phase, 0.0) : ((m[2] / m[0]).Phase, (-m[1] / m[0]).Phase);
        var about = (Snapped(Math.IEEERemainder(phi, 2 * Math.PI)), Snapped(Math.IEEERemainder(lambda, 2 * Math.PI)));
        return about switch
        {
            (0, 0) => Step.Of(GateCatalog.RY, 0, [Snapped(theta)], qubit),
            var (f, l) when f + l == 0 && Math.Abs(Math.Abs(f) - (Math.PI / 2)) < Snap => Step.Of(GateCatalog.RX, 0, [Snapped(f < 0 ? theta : -theta)], qubit),
            var (f, l) => Step.Of(GateCatalog.U, 0, [Snapped(theta), f, l], qubit),
        };
    }

    /// <summary>A diagonal gate diag(1, e^{iλ}) by its name; null if λ is 0. With controls it is a phase where all qubits are 1.</summary>
    public static Step? PhaseStep(double lambda, int controls, int[] qubits, bool isRotation)
    {
        lambda = Snapped(Math.IEEERemainder(lambda, 2 * Math.PI));
        var gate = (lambda / (Math.PI / 4)) switch
        {
            0 => null,
            1 => GateCatalog.T,
            -1 => GateCatalog.Tdg,
            2 => GateCatalog.S,
            -2 => GateCatalog.Sdg,
            4 or -4 => GateCatalog.Z,
            _ => isRotation ? GateCatalog.RZ : GateCatalog.P,
        };
        return gate is null ? null : Step.Of(gate, controls, gate.NumParameters == 0 ? [] : [lambda], qubits);
    }

    // Angles beside a multiple of π/4 become one: Clifford gates stay Clifford gates.
    private static double Snapped(double angle)
    {
        var eighths = Math.Round(angle / (Math.PI / 4));
        return Math.Abs(angle - (eighths * (Math.PI / 4))) < Snap ? eighths * (Math.PI / 4) : angle;
    }

    private static double? Phase(Step step) => step.Gate switch
    {
        var g when g == GateCatalog.P => step.Parameters[0],
        var g when g == GateCatalog.RZ && step.Controls == 0 => step.Parameters[0],
        var g when g == GateCatalog.Z => Math.PI,
        var g when g == GateCatalog.S => Math.PI / 2,
        var g when g == GateCatalog.Sdg => -Math.PI / 2,
        var g when g == GateCatalog.T => Math.PI / 4,
        var g when g == GateCatalog.Tdg => -Math.PI / 4,
        _ => null,
    };
}
