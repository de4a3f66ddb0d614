using PredictiveOrchestration.Common;

namespace PredictiveOrchestration.Circuits.Layout;

/// <summary>
/// What the bonds of a matrix product state grow to at most when a circuit is run with its wires in some order, and what that costs. The
/// base-2 logarithm of a bond grows by that of the operator-Schmidt rank of each gate across it; it is bounded by the qubits on either
/// side, and by one more than that of the bonds beside it.
/// </summary>
/// <param name="Work">The multiply-adds of sweeps up to a constant: χ³ for each bond at the end, and for each gate that enlarges a large one.</param>
/// <param name="Bytes">The bytes of the tensors with the greatest bonds: Σ 32 · χl · χr.</param>
/// <param name="PeakLog2">The base-2 logarithm of the greatest bond.</param>
/// <param name="FinalLog2">That of each bond at the end; bond c is between sites c and c + 1.</param>
internal sealed record BondForecast(double Work, double Bytes, int PeakLog2, byte[] FinalLog2)
{
    /// <summary>Bonds up to 2^6 grow without a sweep.</summary>
    public const int FreeLog2 = 6;

    /// <summary>What a gate costs that enlarges a large bond, in sweeps over it: several gates share one.</summary>
    public const double SweepsPerGate = 0.5;

    /// <summary>Follows the bonds over time.</summary>
    /// <param name="list">What joins the wires.</param>
    /// <param name="siteOf">The site of each wire.</param>
    /// <param name="capLog2">The base-2 logarithm of what bonds are truncated to, or a large number.</param>
    /// <param name="check">Called now and then: throws where the caller wants no more of it.</param>
    public static BondForecast Of(InteractionList list, ReadOnlySpan<int> siteOf, int capLog2, Action? check = null)
    {
        var n = list.NumWires;
        var cuts = Math.Max(0, n - 1);
        byte[] now = new byte[cuts], peak = new byte[cuts];
        double work = 0;
        var walked = 0;
        Span<int> sites = stackalloc int[8];
        foreach (ref readonly var item in list.Items)
        {
            if ((++walked & 0x3FF) == 0)
            {
                check?.Invoke();
            }

            var wires = list.WiresOf(item);
            if (wires.Length > sites.Length)
            {
                sites = new int[wires.Length];
            }

            var at = sites[..wires.Length];
            for (var k = 0; k < at.Length; k++)
            {
                at[k] = siteOf[wires[k]];
            }

            if (at.Length == 2)
            {
                (at[0], at[1]) = (Math.Min(at[0], at[1]), Math.Max(at[0], at[1]));
            }
            else
            {
                at.Sort();
            }

            int low = at[0], high = at[^1];
            for (int c = low, left = 1; c < high; c++)
            {
                while (at[left] <= c)
                {
                    left++;
                }

                var bound = Math.Min(now[c] + item.GrowthLog2(left), Size(c, n));
                now[c] = (byte)Math.Min(bound, c == 0 ? 1 : now[c - 1] + 1);
            }

            for (var c = high - 1; c >= low; c--)
            {
                now[c] = (byte)Math.Min(now[c], c == cuts - 1 ? 1 : now[c + 1] + 1);
                peak[c] = Math.Max(peak[c], now[c]);
                work += now[c] > FreeLog2 ? SweepsPerGate * Cube(now[c], capLog2) : 0;
            }
        }

        double bytes = 0;
        var greatest = 0;
        for (var c = 0; c < n; c++)
        {
            bytes += 32 * PowersOfTwo.Of((c == 0 ? 0 : peak[c - 1]) + (c == cuts ? 0 : peak[c]));
            work += c == cuts ? 0 : Cube(now[c], capLog2);
            greatest = c == cuts ? greatest : Math.Max(greatest, peak[c]);
        }

        return new BondForecast(work, bytes, greatest, now);
    }

    /// <summary>The base-2 logarithm of the dimension of the smaller side of a cut.</summary>
    public static int Size(int cut, int numWires) => Math.Min(byte.MaxValue, Math.Min(cut + 1, numWires - 1 - cut));

    /// <summary>χ³, one doubling beyond the cap at most: truncated bonds are enlarged once before they are truncated again.</summary>
    public static double Cube(int bondLog2, int capLog2) => PowersOfTwo.Of(3 * Math.Min(bondLog2, capLog2 + 1));
}
