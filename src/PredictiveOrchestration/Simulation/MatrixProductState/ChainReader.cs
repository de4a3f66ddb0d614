using System.Numerics;
using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>Exact probabilities and expectation values of a chain.</summary>
internal sealed unsafe class ChainReader(TensorChain chain, SiteMap map, RunContext context)
{
    private const long MostOutcomes = 1 << 24;

    // Outcomes of less probability are rounding.
    private const double Negligible = 1e-26;

    private ulong[] _outcome = [];
    private int[] _places = [];
    private int _last;
    private long _visited;

    /// <summary>Walks the tree of the values of the sites asked for; the others are summed over.</summary>
    public void Visit(ReadOnlySpan<int> sites, ProbabilityVisitor visit)
    {
        chain.MoveCentre(0);
        _outcome = new ulong[(sites.Length + 63) / 64];
        _places = new int[chain.NumQubits];
        _places.AsSpan().Fill(-1);
        for (var i = 0; i < sites.Length; i++)
        {
            _places[sites[i]] = i;
            _last = Math.Max(_last, sites[i]);
        }

        using var root = chain.Algebra.Pool.Rent(1, 1);
        root.Re[0] = 1;
        Walk(0, root, visit);
    }

    /// <summary>⟨ψ|P|ψ⟩ with the term's coefficient, by transfer over the sites from its first factor to its last.</summary>
    public double Expectation(PauliTerm term)
    {
        if (term.Factors.Count == 0)
        {
            return term.Coefficient;
        }

        var algebra = chain.Algebra;
        var factors = term.Factors.Select(f => (Site: map.SiteOf(f.Qubit), f.Operator)).ToArray();
        Array.Sort(factors, (a, b) => a.Site.CompareTo(b.Site));
        int first = factors[0].Site, last = factors[^1].Site;
        chain.MoveCentre(first);
        var environment = algebra.Pool.Rent(chain.Bond(first), chain.Bond(first));
        for (var i = 0; i < environment.Rows; i++)
        {
            environment[i, i] = 1;
        }

        var next = 0;
        for (var q = first; q <= last; q++)
        {
            int left = chain.Bond(q), right = chain.Bond(q + 1);
            using var changed = algebra.Copy(chain.Site(q));
            if (factors[next].Site == q)
            {
                var half = (long)left * changed.Stride;
                algebra.Kernels.Mix(Of(factors[next++].Operator), changed.Re, changed.Im, changed.Re + half, changed.Im + half, half);
            }

            // The two values one below the other: the sum over both is one product.
            using var moved = algebra.Pool.Rent(2 * left, right);
            for (var value = 0; value < 2; value++)
            {
                var at = (long)value * left * changed.Stride;
                algebra.Multiply(left, right, left, environment.Re, environment.Im, environment.Stride, changed.Re + at, changed.Im + at, changed.Stride, moved.Re + at, moved.Im + at, moved.Stride);
            }

            using var adjoint = algebra.Transpose(chain.Site(q), conjugate: true);
            environment.Dispose();
            environment = algebra.Multiply(adjoint, moved);
        }

        var sum = 0.0;
        for (var i = 0; i < environment.Rows; i++)
        {
            sum += environment[i, i].Real;
        }

        environment.Dispose();
        return term.Coefficient * sum;
    }

    private static ReadOnlySpan<Complex> Of(Pauli op) => op switch
    {
        Pauli.X => (Complex[])[0, 1, 1, 0],
        Pauli.Y => (Complex[])[0, -Complex.ImaginaryOne, Complex.ImaginaryOne, 0],
        _ => (Complex[])[1, 0, 0, -1],
    };

    // The rows' squared norms sum to the probability of the values so far.
    private void Walk(int qubit, Matrix rows, ProbabilityVisitor visit)
    {
        var algebra = chain.Algebra;
        if (qubit > _last)
        {
            if (++_visited > MostOutcomes)
            {
                throw new BackendException(
                    BackendErrorKind.Unsupported, context.BackendId,
                    $"Backend '{context.BackendId}' lists at most {MostOutcomes} outcomes; the circuit has more. Ask for counts or expectation values, or measure fewer qubits.");
            }

            if ((_visited & 0xFF) == 0)
            {
                algebra.Check();
            }

            visit(_outcome, algebra.Kernels.Norm(rows.Re, rows.Im, rows.Length));
            return;
        }

        var place = _places[qubit];
        int left = chain.Bond(qubit), right = chain.Bond(qubit + 1);
        var site = chain.Site(qubit);
        if (place < 0)
        {
            using var both = algebra.Pool.Rent(2 * rows.Rows, right);
            for (var value = 0; value < 2; value++)
            {
                long from = (long)value * left * site.Stride, to = (long)value * rows.Rows * both.Stride;
                algebra.Multiply(rows.Rows, right, left, rows.Re, rows.Im, rows.Stride, site.Re + from, site.Im + from, site.Stride, both.Re + to, both.Im + to, both.Stride);
            }

            if (both.Rows <= right)
            {
                Walk(qubit + 1, both, visit);
                return;
            }

            // X†X is all that counts: the triangular factor has it with fewer rows.
            using var transposed = algebra.Transpose(both);
            var (triangle, _) = algebra.Lq(transposed, 0, wantQ: false);
            using var fewer = algebra.Transpose(triangle);
            triangle.Dispose();
            Walk(qubit + 1, fewer, visit);
            return;
        }

        for (var value = 0; value < 2; value++)
        {
            var from = (long)value * left * site.Stride;
            using var part = algebra.Pool.Rent(rows.Rows, right);
            algebra.Multiply(rows.Rows, right, left, rows.Re, rows.Im, rows.Stride, site.Re + from, site.Im + from, site.Stride, part.Re, part.Im, part.Stride);
            if (algebra.Kernels.Norm(part.Re, part.Im, part.Length) > Negligible)
            {
                var bit = 1UL << (place & 63);
                _outcome[place >> 6] |= value == 1 ? bit : 0;
                Walk(qubit + 1, part, visit);
                _outcome[place >> 6] &= ~bit;
            }
        }
    }
}
