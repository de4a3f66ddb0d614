namespace PredictiveOrchestration.Profiling;

/// <summary>
/// A qubit all of whose gates go across a cut for a while may as well stand on the other side then: they are together worth what it takes to carry it there and back, two bits, and one where it
/// was on its own before. Here is known how far from each site, to the right and to the left, one bit and both were counted.
/// </summary>
internal sealed class QubitRuns
{
    private Run[] _runs = [];

    private struct Run
    {
        public int RightTwo, RightOne, LeftTwo, LeftOne, Mate;
    }

    /// <summary>Begins anew, with all qubits on their own: for each the first bit is counted for nothing.</summary>
    public void Clear(int numSites)
    {
        if (_runs.Length < numSites)
        {
            _runs = new Run[numSites];
        }

        for (var site = 0; site < numSites; site++)
        {
            _runs[site] = new Run { RightTwo = site, RightOne = numSites, LeftTwo = site, LeftOne = 0, Mate = -1 };
        }
    }

    /// <summary>What was counted no longer serves.</summary>
    public void Restart(int site) => _runs[site] = new Run { RightTwo = site, RightOne = site, LeftTwo = site, LeftOne = site, Mate = -1 };

    /// <summary>The cuts across which a gate between two sites is worth its first bit, and those across which it is worth a second; the cut c is right of the site c.</summary>
    /// <param name="low">The left site.</param>
    /// <param name="high">The right site.</param>
    /// <param name="bits">Whole bits that it is worth: those of rotations by small angles count for nothing.</param>
    public Inside Join(int low, int high, int bits)
    {
        ref Run left = ref _runs[low], right = ref _runs[high];
        int oneFrom = Math.Min(high, left.RightTwo), oneTo = Math.Max(oneFrom, right.LeftTwo);
        int twoFrom = Math.Min(high, left.RightOne), twoTo = bits < 2 ? twoFrom : Math.Max(twoFrom, right.LeftOne);
        var (leftMate, rightMate) = (left.Mate, right.Mate);
        var (isLeftUsed, isRightUsed) = (oneFrom > low, oneTo < high);

        // Across cuts where one of the two stands on the other side it is with the other one there.
        int end = isRightUsed ? oneTo : high, start = isLeftUsed ? oneFrom : low;
        var isTwo = twoFrom < twoTo;
        left = left with
        {
            RightTwo = isTwo ? twoTo : Math.Min(bits > 0 ? left.RightOne : left.RightTwo, end), RightOne = bits > 0 ? end : Math.Min(left.RightOne, end), LeftTwo = low, LeftOne = low,
        };
        right = right with
        {
            LeftTwo = isTwo ? twoFrom : Math.Max(bits > 0 ? right.LeftOne : right.LeftTwo, start), LeftOne = bits > 0 ? start : Math.Max(right.LeftOne, start), RightTwo = high, RightOne = high,
        };
        (left.Mate, right.Mate) = bits > 0 && !isLeftUsed && !isRightUsed ? (high, low) : (-1, -1);

        // What was counted for two qubits at once serves the one that comes first.
        if (isLeftUsed && leftMate >= 0 && leftMate != high)
        {
            Restart(leftMate);
        }

        if (isRightUsed && rightMate >= 0 && rightMate != low)
        {
            Restart(rightMate);
        }

        return new Inside(oneFrom, oneTo, twoFrom, twoTo);
    }
}

/// <summary>Where a gate is worth a bit, and where two.</summary>
internal readonly record struct Inside(int OneFrom, int OneTo, int TwoFrom, int TwoTo);
