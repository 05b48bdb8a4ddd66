int given = 1;
